#!/bin/sh
# The networks of specs/ on real data, and the figures they must reach. Not a part of make test: it trains for half an hour.
#   tests/real/run.sh [NAME..]        names of networks; from the root of the repository; all without arguments
# DATA: the folder of the data (../shared/data). What is not there is skipped, with a line that says so.
# Exit code 1 when a figure is missed. Run folders: build/tests/real.
set -u
DATA=${DATA:-../shared/data}
out=build/tests/real
passed=0 failed=0 skipped=0
mkdir -p $out

number() { # FILE KEY: a figure of metrics.json
	sed -n "s/^\"$2\": \([-0-9.e]*\),*$/\1/p" "$1"
}
mean() { awk '{ sum += $1 } END { printf "%.4f", sum/NR }'; }
reach() { # TEXT VALUE LEAST
	if awk "BEGIN { exit !($2 >= $3) }"; then
		passed=$((passed + 1))
		echo "ok      $1: $2, at least $3 wanted"
	else
		failed=$((failed + 1))
		echo "FAILED  $1: $2, at least $3 wanted"
	fi
}
data() { # PATH: is it there?
	[ -e "$DATA/$1" ] && return
	skipped=$((skipped + 1))
	echo "SKIP    $network: $DATA/$1 is not there (DATA=FOLDER names another place)"
	return 1
}
run() { # RUN TRAINER ARGUMENTS..: one training; its log beside the run
	folder=$out/$1
	trainer=$2
	shift 2
	rm -rf $folder
	echo "        $trainer train $*"
	$trainer train --out $folder "$@" >$folder.log 2>&1 || { tail -n 5 $folder.log; echo "FAILED  $trainer"; failed=$((failed + 1)); return 1; }
	sed -n 's/^test: /        /p' $folder.log
}

digits() { # LEAST: of the network on MNIST
	data mnist || return
	make -s generated/$network || exit 1
	m=$DATA/mnist
	run $network generated/$network --train $m/train-images-idx3-ubyte.gz,$m/train-labels-idx1-ubyte.gz \
		--test $m/t10k-images-idx3-ubyte.gz,$m/t10k-labels-idx1-ubyte.gz || return
	reach "$network: accuracy, 10000 test images" "$(number $out/$network/metrics.json accuracy)" "$1"
}
mnist() { digits 0.99; }
resnet20() { digits 0.993; }

breast_cancer() {
	data tabular/breast-cancer-wisconsin.csv || return
	: >$out/breast_cancer.txt
	for seed in 1 2 3 4 5; do
		make -s generated/breast_cancer NNCFLAGS="-D data.split.seed=$seed" || exit 1
		run breast_cancer_$seed generated/breast_cancer --train $DATA/tabular/breast-cancer-wisconsin.csv || return
		number $out/breast_cancer_$seed/metrics.json accuracy >>$out/breast_cancer.txt
	done
	make -s generated/breast_cancer
	reach "breast_cancer: accuracy on a held-out fifth, mean of 5 splits" "$(mean <$out/breast_cancer.txt)" 0.95
}

chest_xray() {
	data chest_xray || return
	make -s generated/chest_xray || exit 1
	: >$out/accuracy.txt
	: >$out/auc.txt
	for seed in 1 2 3; do
		run chest_xray_$seed generated/chest_xray --seed $seed --train $DATA/chest_xray/train --validation $DATA/chest_xray/val \
			--test $DATA/chest_xray/test || return
		number $out/chest_xray_$seed/metrics.json accuracy >>$out/accuracy.txt
		number $out/chest_xray_$seed/metrics.json roc_auc >>$out/auc.txt
	done
	reach "chest_xray: test accuracy of the best checkpoint, mean of 3 seeds" "$(mean <$out/accuracy.txt)" 0.90
	reach "chest_xray: test ROC AUC of the best checkpoint, mean of 3 seeds" "$(mean <$out/auc.txt)" 0.96
}

all="mnist breast_cancer chest_xray resnet20"
[ $# -gt 0 ] || set -- $all
for network in "$@"; do
	case " $all " in
	*" $network "*) $network ;;
	*) echo "usage: tests/real/run.sh [NAME..], of: $all" >&2; exit 2 ;;
	esac
done
echo "$passed passed, $failed failed${skipped:+, $skipped skipped}"
[ $failed -eq 0 ]
