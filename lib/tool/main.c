/* main() of every command. */
#include "mspipe/tool.h"

int main(int argc, char **argv)
{
	return msp_tool_main(&msp_tool, argc, argv);
}
