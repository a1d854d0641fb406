// A library of one function.
#pragma once

// The mean of two numbers, rounded towards zero; 0 and a message if one is negative.
int mean(int a, int b);
