#!/bin/sh
# nnc scan: of each kind of data it prints a section that nnc reads, and what it found beside; broken files are named.
. tests/cli/lib.sh

spec() { # INPUT LAYERS LOSS: a spec of what scan printed, which must compile without a word
	{
		echo 'name: scanned'
		cat $T/out
		printf 'model:\n  input: %s\n  layers: %s\ntrain: {loss: %s, optimizer: SGD(), batch_size: 4}\n' "$1" "$2" "$3"
	} >$T/spec.yaml
	code 0 $NNC $T/spec.yaml -o /dev/null
	quiet
}

# images: three splits, grey content, one that is broken
phantoms $T/images 12
code 0 $NNC scan $T/images
prints "# $T/images/train/NORMAL: "
prints "height 32 to 32 (median 32), width 32 to 32 (median 32)"
prints "color_mode: grayscale"
prints "class_mode: binary, classes: [NORMAL, PNEUMONIA]"
prints "validation: {directory: $T/images/val}"
spec '[32, 32, 1]' '[Flatten, "Dense(1, activation=sigmoid)"]' binary_crossentropy
echo broken >$T/images/train/NORMAL/zero.png
code 0 $NNC scan $T/images/train
prints "# can't be read: $T/images/train/NORMAL/zero.png: neither a PNG nor a JPEG"
prints "# 1 can't be read"
prints "split: {validation: 0.15, test: 0.15}"

# masks
mkdir -p $T/cells/images $T/cells/masks
$CC -std=c11 -O2 -o $C/masks_draw tests/cli/masks.c -lpng && $C/masks_draw $T/cells || exit 1
code 0 $NNC scan $T/cells
prints "40 images with masks"
prints "# mask value 255: 6.25 % of the pixels"
prints "40 with alpha"
spec '[32, 32, 3]' '["Conv2D(1, 1, activation=sigmoid)"]' binary_crossentropy
rm $T/cells/masks/003.png
code 1 $NNC scan $T/cells
says "$T/cells/images/003.png: $T/cells/masks has no mask of that name"

# sequences: of different lengths, or long without commas; the label at either end
printf '1.0e0 2 3.5 4\n-1 5 6\n1 7 8 9 10\n-1 1 2\n' >$T/s.txt
code 0 $NNC scan $T/s.txt
prints "# $T/s.txt: 4 sequences of 2 to 4 numbers, median 3, the label first"
prints '# label: "-1" 2, "1" 2'
prints "source: {type: sequence, label: first, normalize: standard}"
spec '[4, 1]' '["LSTM(2)", "Dense(1, activation=sigmoid)"]' binary_crossentropy
printf '2\t3\tnan\tsick\n5\t6\t7\twell\n7\t8\t9\twell\n1\t3\tnan\tsick\n1\twell\n' >$T/s.tsv
code 0 $NNC scan $T/s.tsv
prints "# $T/s.tsv: 5 sequences of 1 to 3 numbers, median 2, the label last"
prints "label: last, missing: [NaN]"
awk 'BEGIN { for (i = 0; i < 9; i++) { line = i/7; for (t = 0; t < 20; t++) line = line " " t*i/3; print line } }' >$T/s.dat
code 0 $NNC scan $T/s.dat
prints "9 sequences of 21 numbers, no label"
code 0 $NNC scan --label last $T/s.dat
prints "9 sequences of 20 numbers, the label last"
code 1 $NNC scan --label ill $T/s.dat
says "--label ill: of a sequence it is first, last or none"
printf '1 2 3\n4 5 6 7\n8 x 9\n' >$T/s.dat
code 0 $NNC scan $T/s.dat
prints "type: text"

# tables
printf 'age;sugar;note;ill\n20;1.5;"a; b";no\n30;?;c;yes\n40;2.5;d;no\n41;2;;yes\n' >$T/t.csv
code 0 $NNC scan $T/t.csv
prints "# $T/t.csv: 4 rows, 4 columns, with a header"
prints "# column age: whole numbers, 20 to 41, mean 32.75, 4 distinct"
prints "# column sugar: numbers, 1.5 to 2.5, mean 2, 3 distinct, 1 missing"
prints '# label ill: "no" 2, "yes" 2'
prints 'label: ill, separator: ";", missing: ["?"], ignore: [note], impute: median, normalize: standard}'
spec '[2]' '["Dense(1, activation=sigmoid)"]' binary_crossentropy
code 0 $NNC scan --label age $T/t.csv
prints "label: age"
code 1 $NNC scan --label agee $T/t.csv
says "$T/t.csv: has no column \"agee\""
awk 'BEGIN { print "place,month,note,y"; for (i = 0; i < 60; i++) for (g = 0; g < 2; g++) printf "%s,%d-%02d,x,%d\n", g ? "a" : "b", 2000 + int(i/12), i%12 + 1, i*(g + 1)%17 }' >$T/s.csv
code 0 $NNC scan $T/s.csv
prints "# rows are in the order of column month: series, one for each value of column place"
prints "source: {type: csv, time: month, group: place, label: y, sequence_length: 15, horizon: 1, ignore: [note], normalize: standard}"
prints "split: {method: time, validation: 0.1, test: 0.2}"
{ printf 'name: series\n'; cat $T/out; printf 'model: {input: [15, 1], layers: [LSTM(4), Dense(1)]}\ntrain: {loss: mse, optimizer: Adam()}\n'; } >$T/series.yaml
code 0 $NNC $T/series.yaml -o /dev/null
awk 'BEGIN { print "y,smiles"; for (i = 0; i < 40; i++) { s = "CCO"; for (k = 0; k < i; k++) s = s "(C)"; print i % 2 "," s } }' >$T/m.csv
code 0 $NNC scan $T/m.csv
prints "column: smiles, label: y, tokens: characters, sequence_length: 120, vocabulary: 6} # without a label: vocabulary: 7, as the end of a text is a token too"
spec '[120]' '["Embedding(6, 4)", GlobalAveragePooling1D, "Dense(1, activation=sigmoid)"]' binary_crossentropy

awk 'BEGIN { print "y,note"; for (i = 0; i < 40; i++) print i % 2 ",the patient n" i " is f\374r today" }' >$T/n.csv
code 0 $NNC scan $T/n.csv
prints "column: note, label: y, encoding: latin1, tokens: words, sequence_length: 6, vocabulary: 47}"
code 0 $NNC scan --tokens bytes $T/n.csv
prints "tokens: bytes, sequence_length: 28}"

# texts: encodings, a file for each class, a folder for each class, one text
printf 'gut\nsehr gut\nsch\366n\n' >$T/r.pos
printf 'schlecht\n\201de\n' >$T/r.neg
code 0 $NNC scan $T/r.neg $T/r.pos --vocabulary $T/words.txt
prints "encoding latin1"
prints "# 6 words, 5 distinct, 4 of them once; a sample has 1 to 2, in the middle 1, 95 % have at most 2"
prints "vocabulary: {file: $T/words.txt, size: 7}}"
prints "train: {files: {neg: $T/r.neg, pos: $T/r.pos}}"
holds $T/words.txt gut
spec '[2]' '["Embedding(7, 4)", GlobalAveragePooling1D, "Dense(1, activation=sigmoid)"]' binary_crossentropy
mkdir -p $T/texts/a $T/texts/b
echo "one two" >$T/texts/a/1.txt
echo "two" >$T/texts/b/1.txt
code 0 $NNC scan $T/texts
prints "train: {directory: $T/texts}"
spec '[2]' '["Embedding(4, 4)", GlobalAveragePooling1D, "Dense(1, activation=sigmoid)"]' binary_crossentropy
awk 'BEGIN { for (i = 0; i < 50; i++) print "line of one text" }' >$T/book.txt
code 0 $NNC scan $T/book.txt
prints "# 850 characters, 10 distinct"
spec '[64]' '["Embedding(12, 4)", "Dense(12, activation=softmax)"]' sparse_categorical_crossentropy
printf 'a\000b\n' >$T/zero.txt
code 1 $NNC scan $T/zero.txt
says "$T/zero.txt: holds zero bytes, so it is no text"

# arrays: 3 samples of 2 x 2 bytes, and their labels
printf '\0\0\10\3\0\0\0\3\0\0\0\2\0\0\0\2\1\2\3\4\5\6\7\10\377\12\13\14' >$T/x.idx
printf '\0\0\10\1\0\0\0\3\0\1\1' >$T/y.idx
code 0 $NNC scan $T/x.idx $T/y.idx
prints "# $T/x.idx: whole numbers without sign of 8 bits, [3, 2, 2], from 1 to 255"
prints "# 2 classes: 0: 1, 1: 2"
spec '[2, 2]' '[Flatten, "Dense(1, activation=sigmoid)"]' binary_crossentropy

code 1 $NNC scan $T/nothing
says "$T/nothing: No such file"
code 2 $NNC scan
code 2 $NNC scan --label
code 2 $NNC scan --tokens letters $T/book.txt
code 0 $NNC scan --help
finish
