"""Optimizing a picture's frequencies in place of its pixels.

With z for the optimizer's variables, x = P z and dL/dz = P dL/dx, where P multiplies the amplitude at
each frequency f (in cycles a pixel) by

    ((f + f_0) / (1/2 + f_0))^-a

The strength of natural pictures' frequencies falls about as 1/f (Field 1987), and so does what has to
change: with a > 0 a step moves large, smooth shapes further than grain.
"""

import jax
import jax.numpy as jnp
import optax

CORNER = 0.005  # f_0, where the amplitude stops rising: color and light of the whole picture


def amplify(pixels: jax.Array, exponent: float) -> jax.Array:
    """P with that exponent a, of a picture `(H, W, C)`; the negative exponent undoes it."""
    height, width, _ = pixels.shape
    down, across = jnp.fft.fftfreq(height), jnp.fft.rfftfreq(width)
    frequency = jnp.hypot(down[:, jnp.newaxis], across)
    amplitude = ((frequency + CORNER) / (0.5 + CORNER)) ** -exponent
    channels = pixels.transpose(2, 0, 1)
    spectrum = jnp.fft.rfft2(channels) * amplitude
    return jnp.fft.irfft2(spectrum, s=(height, width)).transpose(1, 2, 0)


def over_frequencies(
    inner: optax.GradientTransformation, exponent: float
) -> optax.GradientTransformation:
    """An optimizer of pictures `(H, W, C)` that sees z where it is given x."""

    def init(pixels):
        return inner.init(amplify(pixels, -exponent))

    def update(gradient, state, pixels):
        direction, state = inner.update(
            amplify(gradient, exponent), state, amplify(pixels, -exponent)
        )
        return amplify(direction, exponent), state  # type: ignore[arg-type]

    return optax.GradientTransformation(init, update)  # type: ignore[arg-type]
