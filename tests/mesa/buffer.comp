// SPDX-License-Identifier: MIT
// Reads a buffer. Its result is of no interest.
#version 450

layout(local_size_x = 64) in;
layout(std430, set = 0, binding = 0) readonly buffer Data { uint data[]; };
layout(std430, set = 0, binding = 1) buffer Result { uint result; };

void main()
{
	atomicXor(result, data[gl_GlobalInvocationID.x]);
}
