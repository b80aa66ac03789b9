#include "base/secrecy.h"

#include <sys/prctl.h>

void secrecy_begin(void)
{
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	(void)prctl(PR_SET_DUMPABLE, 0);
#endif
}
