#!/bin/sh
# The C of every spec in specs/, beside what tests/emitted looks at: the same bytes whenever and from wherever it is made; no
# path and no date in it; headers that are C++; training steps on exactly the memory that a model asks for, under
# the sanitizers. From the root of the repository: tests/steps/run.sh [SPEC...]; NNC=path names another compiler.
set -u
nnc=$(realpath "${NNC:-build/nnc}")
out=build/tests/steps
root=$(pwd -P)
passed=0 failed=0
rm -rf $out
mkdir -p $out/here $out/there
[ $# -gt 0 ] || set -- specs/*.yaml

check() { # WHAT COMMAND..
	what=$1
	shift
	if "$@" >$out/log 2>&1; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED $what"
		head -n 20 $out/log
	fi
}

same() {
	"$nnc" "$1" -o $out/here/$2.c --target=$3 || return 1
	(cd $out/there && TZ=Asia/Tokyo LC_ALL=C.UTF-8 "$nnc" "$root/$1" -o "$root/$out/there/$2.c" --target=$3) || return 1
	cmp $out/here/$2.c $out/there/$2.c && cmp $out/here/$2.h $out/there/$2.h
}

foreign() { # what must not stand in a generated file
	for word in "$root" "$HOME/" "$(date +%Y-%m)" "$(date +'%b %e %Y')" __DATE__ __TIME__ __FILE__ __TIMESTAMP__; do
		[ "$word" = / ] || ! grep -nF -e "$word" "$1" || return 1
	done
}

header() { # COMPILER FILE
	echo "#include \"$(basename $2)\"" | $1 -x c++ -Wall -Wextra -Wpedantic -Werror -Iruntime -I$out/here -fsyntax-only -
}

sanitized() { # SPEC STEM COMPILER FLAGS..: few rows, so that it ends
	spec=$1 stem=$2 compiler=$3
	shift 3
	flags="-std=c11 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fopenmp -Iruntime -I$out/here"
	"$nnc" $spec -o $out/here/step.c -D train.batch_size=2 "$@" || return 1
	model=$(sed -n 's/^extern const nn_model \([A-Za-z0-9_]*\);.*/\1/p' $out/here/step.h)
	$compiler $flags -march=native -D_GNU_SOURCE -DNN_MODEL=$model -o $out/step_$stem tests/steps/step.c $out/here/step.c -lm || return 1
	UBSAN_OPTIONS=halt_on_error=1 ASAN_OPTIONS=detect_leaks=0 $out/step_$stem
}

for spec in "$@"; do
	stem=$(basename $spec .yaml)
	for target in native portable; do
		check "$spec: the same bytes for $target" same $spec $stem $target
		check "$spec: no path, no date" foreign $out/here/$stem.c
		for compiler in gcc clang; do
			check "$spec: its header is C++, says $compiler" header $compiler $out/here/$stem.h
		done
	done
	[ $(wc -c <$out/here/$stem.c) -lt 600000 ] || continue # minutes of a sanitizing compiler; smaller specs have the same layers
	check "$spec: steps, sanitized, gcc" sanitized $spec $stem gcc
	check "$spec: steps, sanitized, portable, clang" sanitized $spec $stem clang --target=portable
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
