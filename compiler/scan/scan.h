/* scan.h: `nnc scan`: looks at data and prints the data section that reads it. The one part of nnc that opens data; it reads
 * with the runtime's own readers, so that what it finds is what a trainer finds. */
#ifndef SCAN_H
#define SCAN_H

/* The command line behind the word "scan". Returns the exit code: 0; 1 something can't be read; 2 the command line is wrong. */
int scan_main(int argc, char **argv);

#endif
