// SPDX-License-Identifier: MIT
// Reads an image. Its result is of no interest.
#version 450

layout(local_size_x = 8, local_size_y = 8) in;
layout(set = 0, binding = 0) uniform sampler2D image;
layout(std430, set = 0, binding = 1) buffer Result { uint result; };

void main()
{
	atomicXor(result, floatBitsToUint(texelFetch(image, ivec2(gl_GlobalInvocationID.xy), 0).x));
}
