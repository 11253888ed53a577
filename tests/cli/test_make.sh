#!/bin/sh
# make generated/STEM, make install, and the C program of the README that embeds a network.
. tests/cli/lib.sh
MAKE="make CC=$CC"
unset MAKEFLAGS MAKELEVEL MFLAGS
S=cli_test_make

# a trainer, from anywhere; again only when something it is made of has changed
code 0 $MAKE generated/$S SPEC=tests/cli/table.yaml
there generated/$S.c
there generated/$S.h
code 0 generated/$S --version
prints "table (nnc "
code 0 $MAKE generated/$S SPEC=tests/cli/table.yaml
if grep -q "nnc" $T/out; then bad "a trainer is made again though nothing changed"; else good; fi
mkdir -p "$T/a folder"
sed 's/Dense(16/Dense(17/' tests/cli/table.yaml >"$T/a folder/spec.yaml"
code 0 $MAKE generated/$S SPEC="$(pwd)/$T/a folder/spec.yaml"
if grep -q "dense/kernel.*17" generated/$S.c; then good; else bad "another SPEC does not reach the trainer"; fi
code 0 $MAKE generated/$S SPEC="$T/a folder/spec.yaml" NNCFLAGS="-D train.epochs=3"
code 0 generated/$S info
rm generated/$S.c
code 0 $MAKE generated/$S SPEC="$T/a folder/spec.yaml" NNCFLAGS="-D train.epochs=3"
there generated/$S.c
code 2 $MAKE generated/$S SPEC=$T/none.yaml
says "none.yaml: there is no such spec"
printf 'name: x\n' >$T/wrong.yaml
code 2 $MAKE generated/$S SPEC=$T/wrong.yaml
says "wrong.yaml:"
code 2 $MAKE generated/no_such_spec
says "specs/no_such_spec.yaml"
rm -rf generated/$S generated/$S.c generated/$S.h build/generated/$S build/generated/no_such_spec

# installing
P=$(pwd)/$T/usr
code 0 $MAKE install PREFIX=/opt/nnc DESTDIR="$P"
for file in bin/nnc include/nn.h include/nn_math.h include/nn_random.h lib/libnn.a lib/pkgconfig/nnc.pc share/man/man1/nnc.1 share/nnc/main.c; do
	there "$P/opt/nnc/$file"
done
if grep -q "^prefix=/opt/nnc$" "$P/opt/nnc/lib/pkgconfig/nnc.pc"; then good; else bad "nnc.pc names another prefix"; fi
for option in $($NNC --help | grep -o -e '--[a-z]*' | sort -u); do
	if grep -q -e "${option#--}" compiler/nnc.1; then good; else bad "the man page does not tell of $option"; fi
done

# what stands in README.md: a trainer and an embedding program by what is installed
phantoms $C/phantoms 60
[ -x $C/images ] || trainer images
N=$P/opt/nnc
$C/images train --out $T/run --epochs 1 --quiet --threads 1
code 0 "$N/bin/nnc" tests/cli/images.yaml -o $T/images.c
libraries="-L$N/lib -lnn -lpng -ljpeg -lz -lcsv -lcjson -fopenmp -lm -lpthread"
code 0 $CC -O2 -march=native -fopenmp -I"$N/include" -DNN_MODEL=images_model -o $T/trainer "$N/share/nnc/main.c" $T/images.c $libraries
code 0 $T/trainer info
awk '/^```c$/ { on = 1; next } /^```$/ { on = 0 } on' README.md | sed 's/demo/images/g; s/64/32/g' >$T/embed.c
if [ -s $T/embed.c ]; then good; else bad "README.md has no C program"; fi
code 0 $CC -std=c11 -O2 -march=native -fopenmp -Wall -Wextra -Wpedantic -Werror -I"$N/include" -I$T -o $T/embed $T/embed.c $T/images.c $libraries
code 0 $T/embed $T/run/best.safetensors
prints "probability"
code 1 $T/embed $T/none
finish
