/*
 * What a good configuration says, in lines that its writer can compare with
 * what was meant.
 */
#ifndef RECEIVER_CLI_CHECK_SUMMARY_H
#define RECEIVER_CLI_CHECK_SUMMARY_H

#include "base/strvec.h"
#include "config/config.h"

/*
 * Append to lines what config has: addresses, sources, repositories, the
 * applications of each place and targets.  The operator's files are read; a
 * line is appended to warnings for each that cannot be, and for each
 * repository that applications are made from and that is not configured.
 */
void check_summary(const struct config *config, struct strvec *lines, struct strvec *warnings);

#endif
