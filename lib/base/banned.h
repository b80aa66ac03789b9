/*
 * Functions that this project does not use: a call is a compile error.
 * Force-included into every file by the Makefile (-include).
 */
#ifndef LIB_BASE_BANNED_H
#define LIB_BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf gets strtok
#pragma GCC poison atoi atol atoll tmpnam mktemp gmtime localtime ctime asctime

#endif
