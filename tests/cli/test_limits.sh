#!/bin/sh
# Specs that ask for too much end with a message, soon.
. tests/cli/lib.sh
model='model: {input: [4], layers: [Dense(1)]}'
refused() { # TEXT: $T/spec.yaml is refused within seconds, with these words
	code 1 timeout 20 $NNC $T/spec.yaml -o $T/a.c
	says "$1"
	if [ "$(wc -l <$T/err)" -lt 40 ]; then good; else bad "more than 40 lines"; fi
}
repeat() { # COUNT FORMAT
	awk -v n="$1" -v f="$2\n" 'BEGIN { for (i = 0; i < n; i++) { line = f; gsub(/@@/, i + 1, line); gsub(/@/, i, line); printf "%s", line } }'
}

printf 'model:\n  input: [4]\n  layers: ["[Dense(4) for i in range(1000000000)]"]\n' >$T/spec.yaml
refused "a range of 1000000000 numbers"
printf 'model:\n  input: [4]\n  layers: ["[[Dense(4) for i in range(10000)] for j in range(10000)]"]\n' >$T/spec.yaml
refused "more than 100000 layers"
{ echo 'model:'; echo '  input: [4]'; echo '  layers:'; repeat 100001 '    - Flatten'; } >$T/spec.yaml
refused "more than 100000 layers"
{ echo 'blocks:'; repeat 40 '  B@(n)(x): B@@(n)(x) + B@@(n)(x)'; echo '  B40(n)(x): Dense(4)(x)'; echo 'model: {input: [4], layers: [B0(3)]}'; } >$T/spec.yaml
refused "more than 100000 layers"
printf 'blocks:\n  A(n)(x): B(n)(x)\n  B(n)(x): A(n)(x)\nmodel: {input: [4], layers: [A(3)]}\n' >$T/spec.yaml
refused "calls are nested more than 64 deep"
printf 'blocks:\n  B(n=3)(x):\n    defaults: {B: {n: 4}}\n    return: B()(x)\nmodel: {input: [4], layers: [B()]}\n' >$T/spec.yaml
refused "calls are nested more than 64 deep"
{ echo 'model:'; echo '  inputs: {x: [1]}'; echo '  graph:'; echo '    y0: x*2'; repeat 60 '    y@@: y@ + y@'
	echo 'train: {loss: binary_crossentropy, optimizer: SGD()}'; } >$T/spec.yaml
refused "there is no weight to train"
printf 'functions:\n  f(s, i): s + i\nmodel:\n  input: [4]\n  graph:\n    y: reduce(f, x, range(1000000))\n' >$T/spec.yaml
refused "more than 400000 operations"
{ echo 'params:'; echo '  a0: range(1000000)'; repeat 40 '  a@@: a@ + a@'; echo "$model"; } >$T/spec.yaml
refused "more than 3000000 steps"
{ echo 'params:'; repeat 900 '  p@: p@@ + p@@'; echo '  p900: 1'; echo "$model"; echo 'train: {loss: mse, optimizer: SGD(), epochs: p0}'; } >$T/spec.yaml
refused "'epochs' is"
{ echo 'params:'; repeat 100000 '  p@: 1'; echo "$model"; } >$T/spec.yaml
refused "more than 1000 parameters"
{ echo 'blocks:'; repeat 50000 '  B@(n)(x): Dense(n)(x)'; echo "$model"; } >$T/spec.yaml
refused "more than 5000 definitions"
i=0
while [ $i -lt 70 ]; do
	echo "include: inc$((i + 1)).yaml" >$T/inc$i.yaml
	i=$((i + 1))
done
{ echo 'include: inc0.yaml'; echo "$model"; } >$T/spec.yaml
refused "more than 64 files"
{ echo 'params: {n: 1000000}'; echo 'model: {input: [n, n], layers: [Dense(n)]}'; echo 'train: {loss: mse, optimizer: SGD()}'; } >$T/spec.yaml
refused "is too large"
code 1 timeout 20 $NNC /dev/zero -o $T/a.c
says "File too large"
absent $T/a.c
finish
