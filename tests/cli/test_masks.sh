#!/bin/sh
# A trainer of masks: Dice in the log, the JSON and the report; masks as files; images and masks that don't belong together.
. tests/cli/lib.sh
P=$C/masks_data
rm -rf $P
mkdir -p $P/images $P/masks
$CC -std=c11 -O2 -o $C/masks_draw tests/cli/masks.c -lpng && $C/masks_draw $P || exit 1
trainer masks
D=$C/masks

code 0 $D selftest
prints "PASS"
code 0 $D train --out $T/run --threads 2
prints "val_dice: "
prints " - dice: "
quiet
for key in dice iou; do
	value=$(sed -n 's/^"'$key'": \([0-9.]*\),$/\1/p' $T/run/metrics.json)
	if awk "BEGIN { exit !($value > 0.7) }"; then good; else bad "$key is $value on images that are easy"; fi
done
if [ "$(grep -o 'data:image/png;base64,' $T/run/report.html | wc -l)" -ge 3 ]; then good; else bad "no pictures in the report"; fi
W=$T/run/best.safetensors
code 0 $D evaluate --weights $W --json $T/json
if grep -q '"1": {"dice": 0\.' $T/json; then good; else bad "no Dice of each class"; fi

code 0 $D predict --weights $W $P/images
holds $T/out "input,share_0,share_1"
code 0 $D predict --weights $W --format png --output $T/masks $P/images
quiet
if [ "$(ls $T/masks | wc -l)" -eq 40 ]; then good; else bad "not 40 masks"; fi
# masks that were written are masks: those of the network are met by it
code 0 $D evaluate --weights $W --test $P/images,$T/masks --json $T/again
value=$(sed -n 's/^"dice": \([0-9.]*\),$/\1/p' $T/again)
if awk "BEGIN { exit !($value > 0.97) }"; then good; else bad "the network meets its own masks with a Dice of $value"; fi
code 1 $D predict --weights $W --format png $P/images
says "--format png wants a folder: --output DIRECTORY"
code 2 $D predict --weights $W --format jpg $P/images

cp -r $P $T/data
rm $T/data/masks/007.png
code 1 $D train --out $T/none --train $T/data/images,$T/data/masks
says "$T/data/images/007.png: $T/data/masks has no mask of that name"
one_line
cp $T/data/images/007.png $T/data/masks/007.png
code 1 $D train --out $T/none --train $T/data/images,$T/data/masks
says "$T/data/masks/007.png: a mask in colours"
finish
