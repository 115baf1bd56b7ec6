"""What users of JAX, Flax and Equinox put into their loops."""

from tb_attention.jax.attention_logger import AttentionLogger

__all__ = ["AttentionLogger"]
