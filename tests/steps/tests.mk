TEST_SCRIPTS += tests/steps/run.sh
