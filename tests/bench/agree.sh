#!/bin/sh
# Do the losses of six training steps agree with PyTorch's, from the same weights on the same batch? Dropout is taken out.
#   tests/bench/agree.sh [NETWORK ..]      from the root of the repository. PYTHON: a Python with torch and safetensors.
set -eu
OUT=build/tests/bench
PYTHON=${PYTHON:-python3}
mkdir -p "$OUT"
"$PYTHON" tests/bench/networks.py "$@" >"$OUT/networks"
while read -r network spec classes peer; do
	[ "$peer" = compared ] || continue
	sed '/Dropout/d' "$spec" >"$OUT/agree_$network.yaml"
	build/nnc "$OUT/agree_$network.yaml" -o "$OUT/agree_$network.c"
	${CC:-gcc} -std=c11 -D_GNU_SOURCE -O3 -march=native -fopenmp -ffp-contract=fast -fno-math-errno -fno-trapping-math -Iruntime -I"$OUT" \
		-o "$OUT/agree_$network" tests/bench/agree.c "$OUT/agree_$network.c" -Wl,--defsym=bench_model="$network"_model \
		build/libnn.a -lpng -ljpeg -lz -lcsv -lcjson -lm -lpthread
	"$OUT/agree_$network" "$OUT/agree_$network.safetensors" "$classes"
	"$PYTHON" tests/bench/agree.py "$network" "$OUT/agree_$network.safetensors"
done <"$OUT/networks"
