"""The TensorBoard side: serves logs to the Attention tab.

Nothing is imported here, so that `tb_attention.plugin.loader`, which every start of TensorBoard imports, stays light.
"""
