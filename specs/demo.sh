#!/bin/sh
# make demo: from nothing to a trained network. In: nothing, or a folder of X-rays that has train/, val/ and test/, each with
# a sub-folder a class. Out: a run folder in build/demo, and in the terminal what the network learned.
#   specs/demo.sh [FOLDER]        from the root of the repository
# Without a folder it draws phantoms of chest X-rays (specs/data/phantom.c) and trains specs/demo.yaml; with one it trains
# specs/chest_xray.yaml. Invariant: the same data give the same network, to the bit, on the same machine.
set -eu
MAKE=${MAKE:-make}
data=${1:-}
log=build/demo/log
mkdir -p build/demo

quietly() { # TEXT COMMAND..: the command's output only if it fails
	printf '%s\n' "$1"
	shift
	"$@" >$log 2>&1 || { cat $log >&2; exit 1; }
}

split() { # the folder of data that has the first of these names that is there
	for name in "$@"; do
		[ ! -d "$data/$name" ] || { echo "$data/$name"; return; }
	done
	echo "make demo: $data has no folder $1; it needs train, val and test, each with one folder a class" >&2
	exit 1
}

if [ -n "$data" ]; then
	network=chest_xray run=build/demo/run_chest_xray
	train=$(split train)
	validation=$(split val validation valid)
	test=$(split test)
else
	network=demo run=build/demo/run
	data=build/demo/data
	train=$data/train validation=$data/val test=$data/test
fi
trainer=generated/$network

quietly "building the compiler and the runtime" $MAKE all
if [ $network = demo ]; then
	quietly "drawing 900 chest X-ray phantoms into $data" $MAKE build/demo/phantom
	[ -e $data/drawn ] && [ ! build/demo/phantom -nt $data/drawn ] || { build/demo/phantom $data && : >$data/drawn; }
fi
quietly "compiling specs/$network.yaml to $trainer.c, and that to the program $trainer" $MAKE $trainer
echo
build/nnc specs/$network.yaml --summary

echo
echo "training:  $trainer train --train $train --validation $validation --test $test --out $run"
rm -rf $run
$trainer train --train "$train" --validation "$validation" --test "$test" --out $run

echo
echo "some of the test images:  $trainer predict --weights $run/best.safetensors IMAGE.."
for class in "$test"/*/; do
	ls "$class"* | head -n 4
done | tr '\n' '\0' | xargs -0 $trainer predict --weights $run/best.safetensors | awk -F, '
	NR == 1 { printf "  %-10s %-10s %-14s %s\n", "is", "predicted", $3, "image"; next }
	{ n = split($1, part, "/"); printf "  %-10s %-10s %-14s %s\n", part[n - 1], $2, $3, $1 (part[n - 1] == $2 ? "" : "   <- wrong") }'

echo
echo "Curves, confusion matrix and the figures of each class: $run/report.html (open it in a browser)"
echo "The network as C: $trainer.c   its weights: $run/best.safetensors   how it was made: specs/$network.yaml"
