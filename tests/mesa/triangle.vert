// SPDX-License-Identifier: MIT
// A triangle outside of the picture: work for the tiler, but no pixel.
#version 450

void main()
{
	gl_Position = vec4(gl_VertexIndex == 1 ? 5.0 : 4.0, gl_VertexIndex == 2 ? 5.0 : 4.0,
			   0.0, 1.0);
}
