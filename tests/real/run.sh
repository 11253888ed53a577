#!/bin/sh
# The networks of specs/ on real data, and the figures they must reach. Not a part of make test: it trains for an hour.
#   tests/real/run.sh [NAME..]        names of networks; from the root of the repository; all without arguments
# DATA: the folder of the data (../shared/data); THREADS: of a training (all processors). What is not there is skipped, with a line that says so.
# Exit code 1 when a figure is missed. Run folders: build/tests/real.
set -u
DATA=${DATA:-../shared/data}
out=build/tests/real
passed=0 failed=0 skipped=0
mkdir -p $out

number() { # FILE KEY: a figure of metrics.json
	sed -n "s/^\"$2\": \([-0-9.e]*\),*$/\1/p" "$1"
}
mean_of() { # KEY FIRST LAST: the mean of a figure over the runs NETWORK_FIRST to NETWORK_LAST
	for value in $(seq $2 $3); do number $out/${network}_$value/metrics.json $1; done | awk '{ sum += $1 } END { printf "%.4f", sum/NR }'
}
reach() { # TEXT VALUE LEAST
	if awk "BEGIN { exit !($2 >= $3) }"; then
		passed=$((passed + 1))
		echo "ok      $1: $2, at least $3 wanted"
	else
		failed=$((failed + 1))
		echo "FAILED  $1: $2, at least $3 wanted"
	fi
}
below() { # TEXT VALUE MOST
	if awk "BEGIN { exit !($2 <= $3) }"; then
		passed=$((passed + 1))
		echo "ok      $1: $2, at most $3 wanted"
	else
		failed=$((failed + 1))
		echo "FAILED  $1: $2, at most $3 wanted"
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
	$trainer train --out $folder ${THREADS:+--threads $THREADS} "$@" >$folder.log 2>&1 || { tail -n 5 $folder.log; echo "FAILED  $trainer"; failed=$((failed + 1)); return 1; }
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
googlenet_mnist() { digits 0.99; }

vae() { # pixels are drawn by the spec's seed
	data mnist || return
	make -s generated/$network || exit 1
	run $network generated/$network --train $DATA/mnist/train-images-idx3-ubyte.gz --test $DATA/mnist/t10k-images-idx3-ubyte.gz || return
	below "$network: bound in nats, one sample, 10000 test images" "$(number $out/$network/metrics.json loss)" 105
}

judge() { # PICTURES: what the network mnist, trained if it is not yet, makes of them: build/tests/real/NETWORK.csv
	spec=$network
	network=mnist
	[ -f $out/mnist/best.safetensors ] || mnist
	network=$spec
	make -s generated/judge SPEC=specs/mnist.yaml NNCFLAGS='-D name=judge -D "data.source={type: image_folder, color_mode: grayscale, rescale: 1/255}" -D "data.train={directory: digits}" -D "data.test={directory: digits}"' || exit 1
	generated/judge predict --weights $out/mnist/best.safetensors "$1" >$out/$network.csv || exit 1
}
# PREDICTIONS: how many are sure of a digit (above 0.9), how many see the digit that the folder is called by, and what the N-th rarest
# digit's share is
sure() { awk -F, 'FNR > 1 { top = 0; for (i = 3; i <= NF; i++) if ($i > top) top = $i; n += top > 0.9 } END { printf "%.4f", n/(NR - 1) }' "$1"; }
agrees() { awk -F, 'FNR > 1 { k = split($1, path, "/"); n += path[k - 1] == $2 } END { printf "%.4f", n/(NR - 1) }' "$1"; }
rarest() { # PREDICTIONS N
	awk -F, 'FNR > 1 { n[$2]++ } END { for (d = 0; d < 10; d++) printf "%.4f\n", n[d]/(NR - 1) }' "$1" | sort -n | sed -n "$2p"
}
made_digits() { # DATA: what train reads; 10000 pictures, judged
	data mnist || return
	make -s generated/$network || exit 1
	run $network generated/$network --train "$1" || return
	rm -rf $out/${network}_made
	generated/$network generate --weights $out/$network/best.safetensors --count 10000 --output $out/${network}_made || exit 1
	judge $out/${network}_made
}
gan() {
	made_digits $DATA/mnist/train-images-idx3-ubyte.gz || return
	reach "$network: share of 10000 pictures that the network mnist is sure of" "$(sure $out/$network.csv)" 0.60
	reach "$network: share of the third rarest digit" "$(rarest $out/$network.csv 3)" 0.02
}
dcgan() {
	made_digits $DATA/mnist/train-images-idx3-ubyte.gz || return
	reach "$network: share of 10000 pictures that the network mnist is sure of" "$(sure $out/$network.csv)" 0.90
	reach "$network: share of the rarest digit" "$(rarest $out/$network.csv 1)" 0.04
}
cgan() {
	made_digits $DATA/mnist/train-images-idx3-ubyte.gz,$DATA/mnist/train-labels-idx1-ubyte.gz || return
	reach "$network: share of 10000 pictures in which the network mnist sees the digit that was asked for" "$(agrees $out/$network.csv)" 0.95
}

over() { # FLAG FIRST LAST ARGUMENTS..: built with -D FLAG=VALUE and $options, trained, for each value
	flag=$1 first=$2 last=$3
	shift 3
	for value in $(seq $first $last); do
		make -s generated/$network NNCFLAGS="-D $flag=$value ${options:-}" || exit 1
		run ${network}_$value generated/$network "$@" || return
	done
	make -s generated/$network
}

breast_cancer() {
	data tabular/breast-cancer-wisconsin.csv || return
	over data.split.seed 1 5 --train $DATA/tabular/breast-cancer-wisconsin.csv || return
	reach "$network: accuracy on a held-out fifth, mean of 5 splits" "$(mean_of accuracy 1 5)" 0.95
}

nuclei() { # LEAST
	data nuclei || return
	make -s generated/$network || exit 1
	run $network generated/$network --train $DATA/nuclei/images,$DATA/nuclei/masks || return
	reach "$network: Dice of all pixels of a held-out fifth" "$(number $out/$network/metrics.json dice)" "$1"
}
unet() { nuclei 0.85; }
deconvnet() { # a rounding more or less moves it by two points of Dice
	data nuclei || return
	make -s generated/$network || exit 1
	for seed in 1 2 3; do
		run ${network}_$seed generated/$network --seed $seed --train $DATA/nuclei/images,$DATA/nuclei/masks || return
	done
	reach "$network: Dice of all pixels of a held-out fifth, mean of 3 seeds" "$(mean_of dice 1 3)" 0.80
}

text_cnn() {
	data text/rt-polarity.pos || return
	over data.split.fold 0 9 --train $DATA/text/rt-polarity.neg,$DATA/text/rt-polarity.pos || return
	reach "$network: accuracy, mean of 10 folds" "$(mean_of accuracy 0 9)" 0.74
}

beyond() { # TEXT LEAST: attend=true against the bag
	over attend 0 1 --train $DATA/text/tinyshakespeare.txt || return
	echo "        a bag: accuracy $(mean_of accuracy 0 0)"
	reach "$network: accuracy beyond a bag's, $1" "$(awk "BEGIN { print $(mean_of accuracy 1 1) - $(mean_of accuracy 0 0) }")" "$2"
}
attention() {
	data text/tinyshakespeare.txt || return
	beyond characters 0.1
	options="-D data.source.tokens=words -D vocabulary=8000 -D length=32 -D rate=0.3 -D steps=6*165 -D train.epochs=6"
	beyond words 0.02
	options=
}

treatment() {
	make -s build/demo/therapy generated/$network && build/demo/therapy build/demo/therapies || exit 1
	: >$out/$network.txt
	for seed in 1 2 3; do
		run ${network}_$seed generated/$network --seed $seed || return
		generated/$network predict --weights $out/${network}_$seed/best.safetensors build/demo/therapies/test.csv >$out/$network.csv || exit 1
		chosen $out/$network.csv build/demo/therapies/truth.csv >>$out/$network.txt
	done
	awk '{ print "        " $0 }' $out/$network.txt
	reach "$network: share of 20000 patients whose best therapy is found, mean of 3 seeds" "$(awk '{ sum += $2 } END { print sum/NR }' $out/$network.txt)" 0.90
}
chosen() { # PREDICTIONS TRUTH: how often the therapy with the highest predicted chance is the best, and the chance that is lost
	awk -F, 'FNR == 1 { next }
		NR == FNR { for (t = 3; t <= NF; t++) if (t == 3 || $t > top) { top = $t; chosen[FNR] = t - 2 } next }
		{ best = 1; for (t = 2; t <= NF; t++) if ($t > $best) best = t }
		{ found += chosen[FNR] == best; lost += $best - $chosen[FNR]; n++ }
		END { printf "found: %.4f of %d, chance lost: %.4f\n", found/n, n, lost/n }' "$@"
}

multimodal() {
	make -s build/demo/phantom build/demo/biomarkers || exit 1
	build/demo/phantom build/demo/multimodal --count 900 --size 24 && build/demo/biomarkers build/demo/multimodal || exit 1
	spec=$network best=0
	for left_out in image table none; do
		network=${spec}_without_$left_out
		make -s generated/$spec NNCFLAGS="$([ $left_out = none ] || echo "-D $left_out=false")" || exit 1
		for seed in 1 2 3; do run ${network}_$seed generated/$spec --seed $seed || return; done
		auc=$(mean_of roc_auc 1 3)
		echo "        $network: ROC AUC $auc, accuracy $(mean_of accuracy 1 3), means of 3 seeds"
		[ $left_out = none ] || best=$(awk "BEGIN { print ($best > $auc ? $best : $auc) }")
	done
	network=$spec
	reach "$network: ROC AUC with image and table, beside the better of the two alone" "$auc" "$best"
}

caption() {
	make -s build/demo/reports generated/$network && build/demo/reports build/demo/described --count 3000 || exit 1
	run $network generated/$network || return
	generated/$network predict --weights $out/$network/best.safetensors build/demo/described/test >$out/$network.csv || exit 1
	pointed build/demo/described/test.csv $out/$network.csv >$out/$network.txt
	awk '{ print "        " $0 }' $out/$network.txt
	told() { sed -n "s/^$1: //p" $out/$network.txt; }
	reach "$network: share of 1000 films whose sentence has the right side and size" "$(told 'side and size')" 0.90
	reach "$network: share of the opacities that the map of the word of size points at" "$(told 'map of size')" 0.90
	reach "$network: share of the opacities that the map of the word of side points at" "$(told 'map of side')" 0.90
}
# TABLE PREDICTIONS: what the sentences and their maps, 8 of 8 x 8 for 64 x 64 pixels, are worth. A map points at an opacity where the
# middle of its largest cell lies in the opacity's box, widened by a cell on every side; chance: how many middles of cells do.
pointed() {
	awk -F, 'function inside(cell) {
			x = (cell%8 + 0.5)*8; y = (int(cell/8) + 0.5)*8
			return x >= box[name, 3] - 8 && x < box[name, 5] + 8 && y >= box[name, 4] - 8 && y < box[name, 6] + 8
		}
		function points(word) {
			top = -1
			for (i = 0; i < 64; i++) { v = $(3 + (word - 1)*64 + i); if (v > top) { top = v; cell = i } }
			return inside(cell)
		}
		FNR == 1 { next }
		NR == FNR { truth[$1] = $2; for (k = 3; k <= 6; k++) box[$1, k] = $k; next }
		{ name = $1; sub(".*/", "", name); sub("[.]png$", "", name); split(truth[name], t, " "); split($2 " - - - - -", w, " "); n++
			whole += truth[name] == $2
			named += t[1] == w[1] && (t[1] == "no" || t[5] == w[5]) }
		t[1] != "no" { opacities++; size += points(1); side += points(5); for (i = 0; i < 64; i++) chance += inside(i)/64 }
		END { printf "whole sentence: %.4f\nside and size: %.4f\nmap of size: %.4f\nmap of side: %.4f\nchance of a map: %.4f\n",
			whole/n, named/n, size/opacities, side/opacities, chance/opacities }' "$@"
}

molecule() {
	data molecules/BBBP.csv || return
	over data.split.seed 1 3 --train $DATA/molecules/BBBP.csv || return
	reach "$network: ROC AUC on a held-out fifth, mean of 3 splits" "$(mean_of roc_auc 1 3)" 0.93
}

series() { # FILE NAIVE TEXT MOST: the mean absolute error of 5 seeds, measured by a naive forecast's
	data series/$1 || return
	make -s generated/$network || exit 1
	for seed in 1 2 3 4 5; do run ${network}_$seed generated/$network --seed $seed --train $DATA/series/$1 || return; done
	mae=$(mean_of mae 1 5)
	echo "        mean absolute error $mae, naive $(mean_of $2 1 5)"
	below "$network: error on the last fifth, of that of $3, mean of 5 seeds" "$(awk "BEGIN { printf \"%.3f\", $mae/$(mean_of $2 1 5) }")" "$4"
}
char_rnn() {
	data text/tinyshakespeare.txt || return
	make -s generated/$network || exit 1
	run $network generated/$network --train $DATA/text/tinyshakespeare.txt || return
	generated/$network generate --weights $out/$network/best.safetensors --prompt ROMEO: --temperature 0.7 --length 300 | sed 's/^/        /'
	below "$network: nats a character on the last tenth" "$(number $out/$network/metrics.json loss)" 1.75
}

smiles_rnn() {
	data molecules/delaney-processed.csv || return
	make -s generated/$network || exit 1
	{ sed 1d $DATA/molecules/BBBP.csv | cut -d, -f2; sed '1d; s/.*,//' $DATA/molecules/delaney-processed.csv; } | tr -d ' \r"' >$out/smiles.txt
	run $network generated/$network --train $out/smiles.txt || return
	generated/$network generate --weights $out/$network/best.safetensors --count 200 --temperature 0.7 >$out/$network.txt || exit 1
	echo "        $(sort -u $out/$network.txt | grep -cvxFf $out/smiles.txt) different ones that are not in the data"
	reach "$network: strings of 200 with balanced brackets and ring closures" "$(balanced <$out/$network.txt)" 100
}
balanced() { # how many of the lines: every bracket and every ring's number that opens closes again, no atom in [ ] holds another
	awk 'function fits(s,   i, c, depth, atom, open, ring) {
			for (i = 1; i <= length(s); i++) {
				c = substr(s, i, 1)
				if (atom) { if (c == "[") return 0; atom = c != "]"; continue }
				if (c == "]" || (c == ")" && --depth < 0)) return 0
				if (c == "[") atom = 1
				if (c == "(") depth++
				if (c == "%") { c = substr(s, i + 1, 2); i += 2; open[c] = !open[c] }
				else if (c ~ /[0-9]/) open[c] = !open[c]
			}
			for (ring in open) if (open[ring]) return 0
			return s != "" && !depth && !atom
		}
		fits($0) { n++ }
		END { print n + 0 }'
}

sunspots() { series monthly-sunspots.csv naive_mae "repeating the last value" 0.95; }
airline() { series airline-passengers.csv seasonal_naive_mae "repeating the year before" 0.9; }

chest_xray() {
	data chest_xray || return
	make -s generated/chest_xray || exit 1
	for seed in 1 2 3; do
		run ${network}_$seed generated/chest_xray --seed $seed --train $DATA/chest_xray/train --validation $DATA/chest_xray/val \
			--test $DATA/chest_xray/test || return
	done
	reach "$network: test accuracy of the best checkpoint, mean of 3 seeds" "$(mean_of accuracy 1 3)" 0.90
	reach "$network: test ROC AUC of the best checkpoint, mean of 3 seeds" "$(mean_of roc_auc 1 3)" 0.96
}

ecg() { # the split stays as the spec has it; the seed is that of weights, batches and dropout
	data ecg/ECG200_TRAIN.txt || return
	make -s generated/$network || exit 1
	for seed in 1 2 3 4 5; do
		run ${network}_$seed generated/$network --seed $seed --train $DATA/ecg/ECG200_TRAIN.txt --test $DATA/ecg/ECG200_TEST.txt || return
		echo "        seed $seed: accuracy $(mean_of accuracy $seed $seed)"
	done
	reach "$network: accuracy, 100 test rows, mean of 5 seeds" "$(mean_of accuracy 1 5)" 0.82
}

all="mnist vae gan dcgan cgan breast_cancer chest_xray resnet20 googlenet_mnist unet deconvnet text_cnn molecule multimodal treatment attention caption char_rnn smiles_rnn sunspots airline ecg"
[ $# -gt 0 ] || set -- $all
for network in "$@"; do
	case " $all " in
	*" $network "*) $network ;;
	*) echo "usage: tests/real/run.sh [NAME..], of: $all" >&2; exit 2 ;;
	esac
done
echo "$passed passed, $failed failed${skipped:+, $skipped skipped}"
[ $failed -eq 0 ]
