TEST_SCRIPTS += tests/fuzz/run.sh
