#!/bin/sh
# make bench: our training step against PyTorch's, taking turns in one run; writes tests/bench/RESULTS.md.
#   tests/bench/bench.sh [--rounds N] [--threads N] [--only chest_xray|mnist|breast_cancer]
# From the root of the repository. PYTHON: Pythons with torch; exits 1 when PyTorch is the faster one somewhere.
set -eu
found= options=
for python in ${PYTHON:-build/venv-torch/bin/python /usr/bin/python3}; do
	if "$python" -c 'import torch' 2>/dev/null; then
		found=${found:-$python}
		options="$options --python $python"
	fi
done
if [ -z "$found" ]; then
	echo "make bench compares with PyTorch, which is not here. To have it:" >&2
	echo "  python3 -m venv build/venv-torch && build/venv-torch/bin/pip install torch safetensors numpy" >&2
	exit 1
fi
for network in chest_xray mnist breast_cancer; do
	[ -x "generated/$network" ] || make "generated/$network"
done
echo "losses of six steps, ours and PyTorch's, from the same weights:"
PYTHON=$found tests/bench/agree.sh
exec "$found" tests/bench/bench.py $options "$@"
