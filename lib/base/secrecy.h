/*
 * What protects the memory of a process that holds secrets.
 */
#ifndef LIB_BASE_SECRECY_H
#define LIB_BASE_SECRECY_H

/*
 * No core file of this process is written from now on, and no other process of
 * its user may look into it; both end at the next exec.  Built with a sanitizer,
 * which looks into the process itself, nothing happens.  Call it before secrets
 * are read.
 */
void secrecy_begin(void);

#endif
