#!/bin/sh
# Compares compiled networks with the numbers that Keras has for them (cases/, made by keras/make_keras.py).
#   tests/reference/run.sh [CASE ..]      from the root of the repository; build/nnc and build/libnn.a are there
# Each case is compiled in double and in single precision. Prints what differs, then one line; exits 1 when something did.
# CC, MODEL_CFLAGS: how generated C is compiled; NNCFLAGS: more options of nnc; JOBS: cases at once; BUILD: the folder of nnc and libnn.a.
set -u
CC=${CC:-gcc}
MODEL_CFLAGS=${MODEL_CFLAGS:--O1 -march=native -fopenmp -ffp-contract=fast -fno-math-errno -fno-trapping-math}
JOBS=${JOBS:-2}
BUILD=${BUILD:-build}
HERE=tests/reference
OUT=$BUILD/tests/reference
LIBS="-lpng -ljpeg -lz -lcsv -lcjson -lm -lpthread"
export CC MODEL_CFLAGS JOBS BUILD

one() { # CASE PRECISION
	stem=$OUT/$1_$2
	"$BUILD/nnc" "$HERE/cases/$1.yaml" --precision="$2" --gradients ${NNCFLAGS:-} -o "$stem.c" || { echo "  $1 $2: nnc refuses the spec"; return 1; }
	$CC -std=c11 $MODEL_CFLAGS -Iruntime -I"$OUT" -o "$stem" "$stem.c" "$OUT/compare.o" "$OUT/carried.o" "$OUT/turns.o" "$OUT/draws.o" \
		-Wl,--defsym=reference_model="$1"_model "$BUILD/libnn.a" $LIBS || { echo "  $1 $2: the C does not compile"; return 1; }
	OMP_NUM_THREADS=2 timeout 60 "$stem" "$HERE/cases/$1.safetensors"
	code=$?
	[ $code -le 1 ] || echo "  $1 $2: ends with code $code"
	return $code
}

if [ "${1:-}" = --one ]; then
	one "$2" "$3" >"$OUT/$2_$3.txt" 2>&1 || echo "$2 $3" >"$OUT/$2_$3.failed"
	exit 0
fi

mkdir -p "$OUT"
rm -f "$OUT"/*.txt "$OUT"/*.failed
for source in compare carried turns draws; do
	$CC -std=c11 -D_GNU_SOURCE -O2 -Wall -Wextra -Wpedantic -Werror -Iruntime -c -o "$OUT/$source.o" "$HERE/$source.c" || exit 1
done
[ $# -gt 0 ] || set -- $(ls "$HERE/cases" | sed -n 's/\.yaml$//p')
for case in "$@"; do printf '%s f64\n%s f32\n' "$case" "$case"; done | xargs -P "$JOBS" -L 1 "$HERE/run.sh" --one
failed=$(cat "$OUT"/*.failed 2>/dev/null | wc -l)
for name in "$OUT"/*.failed; do
	[ -e "$name" ] && sed '/ passed, 0 failed$/d' "${name%.failed}.txt" | head -n 40
done
checks=$(cat "$OUT"/*.txt | sed -n 's/.* \([0-9]*\) passed, .*/\1/p' | paste -sd+ | sed 's/^$/0/')
echo "reference: $(($# * 2 - failed)) of $(($# * 2)) compiled cases agree with Keras, $((${checks:-0})) checks passed"
[ "$failed" -eq 0 ]
