/*
 * doorbell: one binary, one verb a file (receiver/cli).
 */
#include <stdio.h>

int main(void)
{
	printf("doorbell %s\n", DOORBELL_VERSION);
	return 0;
}
