#!/bin/sh
# params: and include: as people use them: -D, a file of blocks beside the spec, make that sees it change.
. tests/cli/lib.sh
unset MAKEFLAGS MAKELEVEL MFLAGS
S=cli_test_include

mkdir -p "$T/a folder/lib"
cat >"$T/a folder/net.yaml" <<'END'
name: net
include: lib/blocks.yaml
params:
  width: 4*half
  half: 2
  quick: false
  edges: same
data:
  source: {type: image_folder, target_size: [width, width], class_mode: binary, rescale: 1/(width*4), color_mode: grayscale}
  train: {directory: x}
model:
  input: [width, width, 1]
  layers:
    - Conv2D(filters, 3, padding=edges)
    - Two(filters)
    - Flatten
    - Dense(1, activation=sigmoid)
train: {loss: binary_crossentropy, optimizer: Adam(rate), epochs: 3 if quick else 20, batch_size: filters}
END
cat >"$T/a folder/lib/blocks.yaml" <<'END'
params: {filters: 5, rate: 1e-3}
blocks:
  Two(n)(x):
    layers:
      - Conv2D(n, 3, padding=edges)
      - Conv2D(n, 1)
END
spec="$T/a folder/net.yaml"

# every number is what the parameters say
code 0 $NNC "$spec" -o $T/net.c
quiet
for text in ".height = 8," ".training.batch_size = 5," ".training.epochs = 20," ".training.learning_rate = 0.001," "# --- blocks.yaml" "# Two(n)(x)" ".rescale = 0.03125"; do
	if grep -qF -- "${text#\# }" $T/net.c; then good; else bad "net.c does not hold: $text"; fi
done
code 0 $NNC "$spec" --summary
prints "conv2d (Conv2D)                   (None, 8, 8, 5)"
code 0 $NNC "$spec" --summary -D filters=3 -D half=4
prints "conv2d (Conv2D)                   (None, 16, 16, 3)"
code 0 $NNC "$spec" -o $T/other.c -D quick=true -D params.filters=7 -D train.epochs="quick + 1"
if grep -qF ".training.epochs = 2," $T/other.c && grep -qF ".training.batch_size = 7," $T/other.c; then good; else bad "-D did not set the parameters"; fi
code 1 $NNC "$spec" --summary -D filtres=3
says "did you mean 'filters'?"
hash() { sed -n 's/.*spec_hash = "\([0-9a-f]*\)".*/\1/p' $1; }
first=$(hash $T/net.c)
sed -i 's/Conv2D(n, 1)/Conv2D(n, 2)/' "$T/a folder/lib/blocks.yaml"
code 0 $NNC "$spec" -o $T/net.c
if [ "$first" != "$(hash $T/net.c)" ] && [ -n "$first" ]; then good; else bad "the hash of the spec does not cover what it includes"; fi

# the rule for make
code 0 $NNC "$spec" -M
prints "net.c net.h: $T/a\\ folder/net.yaml $T/a\\ folder/lib/blocks.yaml"
code 0 $NNC "$spec" -M -MP -MT all -MF $T/rule
holds $T/rule "all: $T/a\\ folder/net.yaml $T/a\\ folder/lib/blocks.yaml"
if [ "$(grep -c ':$' $T/rule)" -eq 2 ]; then good; else bad "-MP gives no empty rules"; fi
rm $T/net.c
code 0 $NNC "$spec" -MD -o $T/net.c
there $T/net.c
holds $T/net.d "$T/net.c $T/net.h: $T/a\\ folder/net.yaml $T/a\\ folder/lib/blocks.yaml"
for wrong in "-MP" "-MF x" "-MD" "-MX" "-MF"; do code 2 $NNC "$spec" $wrong; done

# make compiles again when what is included has changed, and only then
code 0 make CC=$CC generated/$S.c SPEC="$spec"
code 0 make CC=$CC generated/$S.c SPEC="$spec"
if grep -q "bin/nnc\|/nnc " $T/out; then bad "compiled again though nothing changed"; else good; fi
sleep 1.1
sed -i 's/Conv2D(n, 2)/Conv2D(n, 3)/' "$T/a folder/lib/blocks.yaml"
code 0 make CC=$CC generated/$S.c SPEC="$spec"
if grep -q "conv2d_1.*" generated/$S.c && grep -qF "Conv2D(n, 3)" generated/$S.c; then good; else bad "a changed include does not reach the C"; fi
mv "$T/a folder/lib" "$T/a folder/library"
sed -i 's|lib/blocks|library/blocks|' "$spec"
code 0 make CC=$CC generated/$S.c SPEC="$spec"
rm -rf generated/$S.c generated/$S.h build/generated/$S
finish
