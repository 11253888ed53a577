#!/bin/sh
# A trainer of texts in Latin-1: folds, the vocabulary in the checkpoint, predictions of files and of standard input, a program that
# embeds the network; texts and vocabularies that are wrong.
. tests/cli/lib.sh
awk 'BEGIN {
	split("der die das ein film ist war und sehr ganz", filler, " ")
	split("schlecht m\344\337ig \366de", bad, " "); split("gut pr\344chtig sch\366n", good, " ")
	for (i = 0; i < 200; i++) {
		line = ""
		for (k = 0; k < 5; k++) line = line filler[1 + (int(i/2)*7 + k*k*3 + k) % 10] " "
		word = int(i/2) % 3 + 1
		print line (i % 2 ? good[word] "!" : bad[word] ".") >("'$C'/text_" (i % 2 ? "good" : "bad") ".txt")
	}
}'
trainer reviews
D=$C/reviews

code 0 $D selftest
prints "PASS"
code 0 $D train --out $T/run --threads 2
prints "test: 40 samples"
quiet
accuracy=$(sed -n 's/^"accuracy": \([0-9.]*\),$/\1/p' $T/run/metrics.json)
if awk "BEGIN { exit !($accuracy > 0.95) }"; then good; else bad "accuracy $accuracy on texts that are easy"; fi
W=$T/run/best.safetensors
if grep -aqF '\"prächtig\"' $W; then good; else bad "the checkpoint does not remember the vocabulary"; fi

# a run that goes on knows it, too, and ends with the same bits
code 0 $D train --out $T/part --quiet --epochs 5
code 0 $D train --out $T/part --quiet --epochs 15 --resume
code 0 $D train --out $T/whole --quiet
same $T/part/last.safetensors $T/whole/last.safetensors

# each sample is in the test set of one fold
for fold in 0 1 2 3 4; do
	code 0 $NNC tests/cli/reviews.yaml -o $T/fold.c -D data.split.fold=$fold
	if grep -q "split_fold = $fold" $T/fold.c; then good; else bad "fold $fold is not in the C"; fi
done

printf 'ein sch\366ner Film, sehr gut\nganz schlecht\n' >$T/new.txt
code 0 $D predict --weights $W $T/new.txt
holds $T/out "input,prediction,p_good"
prints "$T/new.txt:1,good,"
prints "$T/new.txt:2,bad,"
sed 1d $T/out | cut -d, -f2- >$T/of_file
printf '...\ngut\n!!!\n' >$T/marks.txt # nothing but padding is masked as a whole; the mean of it is 0
code 0 $D predict --weights $W $T/marks.txt
says "note: $T/marks.txt:1: the text holds no token and is read as padding only, as are 1 more"
one_line
if [ "$(grep -c ',[01][.0-9]*$' $T/out)" -eq 3 ]; then good; else bad "not three probabilities"; fi
last="predict -"
$D predict --weights $W - <$T/new.txt >$T/out 2>$T/err
prints "-:2,bad,"
sed 1d $T/out | cut -d, -f2- >$T/of_input
same $T/of_file $T/of_input

# what a program that embeds the network says of the same line
cat >$T/embed.c <<'END'
#include <stdio.h>
#include <stdlib.h>
#include "reviews.h"
static reviews_weights weights;
int main(int argc, char **argv)
{
	char error[256];
	float x[8], y[1];
	void *work = aligned_alloc(NN_ALIGN, (reviews_WORK_BYTES + NN_ALIGN - 1) / NN_ALIGN * NN_ALIGN);
	if (argc != 2 || !work || reviews_load(&weights, argv[1], error)) return 1;
	reviews_preprocess(&weights, "ganz schlecht", x);
	reviews_predict(&weights, work, x, y);
	printf("bad,%.8g\n", y[0]);
	free(work);
	return 0;
}
END
code 0 $CC -std=c11 -O2 -march=native -fopenmp -Wall -Wextra -Werror -Iruntime -I$C -o $T/embed $T/embed.c $C/reviews.c build/libnn.a \
	-lpng -ljpeg -lz -lcsv -lcjson -lm -lpthread
code 0 $T/embed $W
sed -n 2p $T/of_file >$T/second
if awk -F, 'NR == FNR { p = $2; next } { d = p - $2; same = d < 1e-6 && d > -1e-6 } END { exit !same }' $T/second $T/out; then good; else bad "the embedded network says otherwise"; fi

# files that are not there, or are too few or too many
code 1 $D train --out $T/none --train $T/none.txt,$T/new.txt
says "error: $T/none.txt: No such file"
one_line
code 1 $D train --out $T/none --train $T/new.txt
says "one file of text has no classes"
code 1 $D train --out $T/none --train $T/new.txt,$T/new.txt,$T/new.txt
says "3 files for 2 classes"
absent $T/none

# texts joined with a table by a key; all rows of a patient in one split
awk 'BEGIN {
	print "id,text" >("'$C'/notes_text.csv")
	print "id,patient,sugar,ill" >("'$C'/notes_lab.csv")
	for (i = 0; i < 200; i++) {
		k = i*77 % 200
		printf "n%d,\"the patient is %s, today\"\n", k, k % 2 ? "unwell" : "well" >("'$C'/notes_text.csv")
		printf "n%d,p%d,%.2f,%d\n", i, i/2, i*31 % 17 / 17, i % 2 >("'$C'/notes_lab.csv")
	}
}'
trainer notes
code 0 $C/notes train --out $T/notes --quiet
accuracy=$(sed -n 's/^"accuracy": \([0-9.]*\),$/\1/p' $T/notes/metrics.json)
if awk "BEGIN { exit !($accuracy > 0.95) }"; then good; else bad "accuracy $accuracy where the text says it"; fi
code 0 $C/notes predict --weights $T/notes/best.safetensors $C/notes_text.csv,$C/notes_lab.csv
prints "$C/notes_text.csv:2,0,"
sed -i 's/^id,text/number,text/' $C/notes_text.csv
code 1 $C/notes train --out $T/none
says "$C/notes_text.csv: has no column \"id\" (key); its columns are number, text"
finish
