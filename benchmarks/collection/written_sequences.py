"""Models of texts, tables, series, sound and sets as the examples of keras.io and the papers describe them, at tiny sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import layers, ops

from collection.cases import Case
from collection.parts import Function, encoder_block, mlp

_LENGTH, _WIDTH, _HEADS, _VOCABULARY = 8, 8, 2, 20


def _tokens(name: str = "tokens") -> Any:
    return keras.Input((_LENGTH,), dtype="int32", name=name)


def _embedded(tokens: Any) -> Any:
    positions = layers.Embedding(_LENGTH, _WIDTH)(ops.arange(_LENGTH))
    return layers.Embedding(_VOCABULARY, _WIDTH)(tokens) + positions


def _classified(inputs: Any, x: Any) -> keras.Model:
    return keras.Model(inputs, layers.Dense(3, activation="softmax")(layers.GlobalAveragePooling1D()(x)))


def _turned(x: Any) -> Any:
    return ops.transpose(x, (0, 2, 1))


def _scores(query: Any, key: Any) -> Any:
    return ops.matmul(query, _turned(key)) / 8**0.5


def text_transformer() -> keras.Model:
    tokens = _tokens()
    return _classified(tokens, encoder_block(_embedded(tokens), _HEADS))


def tab_transformer() -> keras.Model:
    """Columns that are categories attend to one another; numbers are added at the end."""
    categories = [keras.Input((1,), dtype="int32", name=f"category_{index}") for index in range(3)]
    numbers = keras.Input((2,), name="numbers")
    columns = ops.stack([ops.squeeze(layers.Embedding(10, _WIDTH)(c), 1) for c in categories], axis=1)
    columns = columns + layers.Embedding(3, _WIDTH)(ops.arange(3))
    for _ in range(2):
        seen = layers.MultiHeadAttention(_HEADS, _WIDTH, dropout=0.1)(columns, columns)
        columns = layers.LayerNormalization()(layers.Add()([seen, columns]))
    x = layers.concatenate([layers.Flatten()(columns), layers.LayerNormalization()(numbers)])
    return keras.Model([*categories, numbers], layers.Dense(1, activation="sigmoid")(mlp(x, _WIDTH)))


def feature_tokenizer_transformer() -> keras.Model:
    """Numbers become tokens, with a learned class token before them."""

    class Tokenizer(layers.Layer):
        def build(self, shape: Any) -> None:
            self.kernel = self.add_weight(shape=(shape[1], _WIDTH))
            self.token = self.add_weight(shape=(1, 1, _WIDTH))

        def call(self, x: Any) -> Any:
            tokens = ops.expand_dims(x, -1) * self.kernel
            return ops.concatenate([ops.repeat(self.token, ops.shape(x)[0], axis=0), tokens], axis=1)

    numbers = keras.Input((5,))
    x = encoder_block(Tokenizer()(numbers), _HEADS)
    return keras.Model(numbers, layers.Dense(1, activation="sigmoid")(x[:, 0]))


def variable_selection() -> keras.Model:
    """Gated residual networks of each variable, weighed by a softmax over the variables."""

    def residual(x: Any) -> Any:
        y = layers.Dropout(0.1)(layers.Dense(_WIDTH)(layers.Dense(_WIDTH, activation="elu")(x)))
        y = layers.Dense(_WIDTH)(y) * layers.Dense(_WIDTH, activation="sigmoid")(y)
        return layers.LayerNormalization()(layers.Dense(_WIDTH)(x) + y)

    inputs = [keras.Input((1,), name=f"variable_{index}") for index in range(4)]
    encoded = [layers.Dense(_WIDTH)(one) for one in inputs]
    weights = layers.Dense(4, activation="softmax")(residual(layers.concatenate(encoded)))
    stacked = ops.stack([residual(one) for one in encoded], axis=1)
    x = ops.squeeze(ops.matmul(_turned(ops.expand_dims(weights, -1)), stacked), axis=1)
    return keras.Model(inputs, layers.Dense(1, activation="sigmoid")(x))


def multiple_instances() -> keras.Model:
    """Gated attention over a bag of instances, each a separate input."""

    class Weighing(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.v, self.u, self.w = layers.Dense(4, use_bias=False), layers.Dense(4, use_bias=False), layers.Dense(1)

        def call(self, instances: Any) -> Any:
            scores = [self.w(ops.tanh(self.v(one)) * ops.sigmoid(self.u(one))) for one in instances]
            alpha = ops.softmax(ops.stack(scores), axis=0)
            return [alpha[index] for index in range(alpha.shape[0])]

    inputs = [keras.Input((6, 6), name=f"instance_{index}") for index in range(3)]
    embed = keras.Sequential([layers.Flatten(), layers.Dense(_WIDTH, activation="relu")])
    embedded = [embed(one) for one in inputs]
    weights = Weighing()(embedded)
    weighed = [layers.multiply([w, e]) for w, e in zip(weights, embedded, strict=True)]
    return keras.Model(inputs, layers.Dense(2, activation="softmax")(layers.concatenate(weighed)))


def graph_attention() -> keras.Model:
    """Nodes attend to their neighbours, in a dense graph."""
    nodes, adjacency = keras.Input((6, 5), name="nodes"), keras.Input((6, 6), name="adjacency_mask")

    def attend(x: Any, graph: Any, project: Any, source: Any, target: Any) -> Any:
        states = project(x)
        scores = ops.leaky_relu(source(states) + _turned(target(states)), 0.2)
        return ops.matmul(ops.softmax(ops.where(graph > 0, scores, -1e9)), states)

    x = ops.concatenate([Function(attend, (4, 1, 1))(nodes, adjacency) for _ in range(2)], axis=-1)
    return keras.Model([nodes, adjacency], layers.Dense(3, activation="softmax")(ops.elu(x)))


def speech_transformer() -> keras.Model:
    sound, words = keras.Input((32, 4), name="sound"), _tokens()
    memory = sound
    for _ in range(2):
        memory = layers.Conv1D(_WIDTH, 5, 2, "same", activation="relu")(memory)
    memory = encoder_block(memory, _HEADS)
    x = _embedded(words)
    x = x + layers.MultiHeadAttention(_HEADS, 4)(x, x, use_causal_mask=True)
    x = x + layers.MultiHeadAttention(_HEADS, 4)(x, memory)
    return keras.Model([sound, words], layers.Dense(_VOCABULARY)(x))


def pointer_network() -> keras.Model:
    """The output is where to look."""
    points = keras.Input((6, 2))
    encoded = layers.LSTM(_WIDTH, return_sequences=True)(points)
    decoded = layers.LSTM(_WIDTH, return_sequences=True)(encoded)

    def point(query: Any, keys: Any, one: Any, other: Any, score: Any) -> Any:
        hidden = ops.tanh(ops.expand_dims(one(query), 2) + ops.expand_dims(other(keys), 1))
        return ops.softmax(ops.squeeze(score(hidden), -1))

    return keras.Model(points, Function(point, (_WIDTH, _WIDTH, 1))(decoded, encoded))


def translation_with_bahdanau() -> keras.Model:
    source, target = _tokens("source"), _tokens("target")
    memory = layers.Bidirectional(layers.GRU(4, return_sequences=True))(layers.Embedding(_VOCABULARY, _WIDTH)(source))
    x = layers.GRU(_WIDTH, return_sequences=True)(layers.Embedding(_VOCABULARY, _WIDTH)(target))
    context = layers.AdditiveAttention()([x, memory])
    return keras.Model([source, target], layers.Dense(_VOCABULARY)(layers.concatenate([x, context])))


def music_transformer() -> keras.Model:
    """Relative positions by skewing, as music transformers do."""
    tokens = _tokens()

    def relative(x: Any, query: Any, key: Any, value: Any, embeddings: Any) -> Any:
        q = query(x)
        skewed = ops.matmul(q, ops.transpose(embeddings(ops.eye(_LENGTH))))
        skewed = ops.reshape(ops.pad(skewed, ((0, 0), (0, 0), (1, 0))), (-1, _LENGTH + 1, _LENGTH))[:, 1:]
        logits = _scores(q, key(x)) + skewed - 1e9 * (1 - ops.tri(_LENGTH))
        return ops.matmul(ops.softmax(logits), value(x))

    x = _embedded(tokens)
    return _classified(tokens, x + Function(relative, (8, 8, 8, 8))(x))


def time_series_transformer() -> keras.Model:
    series = keras.Input((_LENGTH, 1))
    y = layers.LayerNormalization()(series)
    x = series + layers.MultiHeadAttention(_HEADS, 8, dropout=0.1)(y, y)
    y = layers.Conv1D(4, 1, activation="relu")(layers.LayerNormalization()(x))
    return _classified(series, x + layers.Conv1D(1, 1)(y))


def transformer_xl() -> keras.Model:
    """Keys are the segment and what is remembered of the one before."""
    tokens, memory = _tokens(), keras.Input((4, _WIDTH), name="memory")
    x = _embedded(tokens)

    def recall(x: Any, memory: Any, query: Any, key: Any, value: Any) -> Any:
        longer = ops.concatenate([ops.stop_gradient(memory), x], axis=1)
        logits = _scores(query(x), key(longer)) - 1e9 * (1 - ops.tri(_LENGTH, _LENGTH + 4, 4))
        return ops.matmul(ops.softmax(logits), value(longer))

    out = _classified([tokens, memory], x + Function(recall, (8, 8, 8))(x, memory))
    return out


def linformer() -> keras.Model:
    tokens = _tokens()
    x = _embedded(tokens)

    def attend(x: Any, query: Any, key: Any, value: Any, shorter_key: Any, shorter_value: Any) -> Any:
        keys, values = _turned(shorter_key(_turned(key(x)))), _turned(shorter_value(_turned(value(x))))
        return ops.matmul(ops.softmax(_scores(query(x), keys)), values)

    return _classified(tokens, x + Function(attend, (8, 8, 8, 4, 4))(x))


def nystrom() -> keras.Model:
    """Three softmaxes between positions and landmarks; the middle one inverted."""
    tokens = _tokens()
    x = _embedded(tokens)

    def attend(x: Any, query: Any, key: Any, value: Any) -> Any:
        q, k = query(x), key(x)
        landmarks = [ops.mean(ops.reshape(one, (-1, 4, 2, 8)), axis=2) for one in (q, k)]
        first, last = ops.softmax(_scores(q, landmarks[1])), ops.softmax(_scores(landmarks[0], k))
        middle = ops.softmax(_scores(*landmarks))
        inverse = _turned(middle) / ops.max(ops.sum(middle, axis=-1))
        inverse = ops.matmul(inverse, 2 * ops.eye(4) - ops.matmul(middle, inverse))
        return ops.matmul(ops.matmul(first, inverse), ops.matmul(last, value(x)))

    return _classified(tokens, x + Function(attend, (8, 8, 8))(x))


def performer() -> keras.Model:
    tokens = _tokens()
    x = _embedded(tokens)

    def attend(x: Any, query: Any, key: Any, value: Any) -> Any:
        q, k = ops.relu(query(x)) + 1e-3, ops.relu(key(x)) + 1e-3
        total = ops.einsum("btd,bd->bt", q, ops.sum(k, axis=1))
        return ops.einsum("btd,bde->bte", q, ops.einsum("btd,bte->bde", k, value(x))) / ops.expand_dims(total, -1)

    return _classified(tokens, x + Function(attend, (8, 8, 8))(x))


def blocks_of_keys() -> keras.Model:
    """Each block of queries attends to itself and at the blocks beside it."""
    tokens = _tokens()
    x = _embedded(tokens)

    def attend(x: Any, query: Any, key: Any, value: Any) -> Any:
        q, k, v = (ops.reshape(one(x), (-1, 4, 2, 8)) for one in (query, key, value))
        k, v = (ops.concatenate([ops.roll(one, 1, 1), one, ops.roll(one, -1, 1)], axis=2) for one in (k, v))
        weights = ops.softmax(ops.einsum("bnqd,bnkd->bnqk", q, k))
        return ops.reshape(ops.einsum("bnqk,bnkd->bnqd", weights, v), (-1, _LENGTH, 8))

    return _classified(tokens, x + Function(attend, (8, 8, 8))(x))


def sliding_windows() -> keras.Model:
    """A band of a full map, as Longformers have it."""
    tokens = _tokens()
    x = _embedded(tokens)

    def attend(x: Any, query: Any, key: Any, value: Any) -> Any:
        band = ops.tri(_LENGTH, _LENGTH, 1) - ops.tri(_LENGTH, _LENGTH, -2)
        return ops.matmul(ops.softmax(_scores(query(x), key(x)) - 1e9 * (1 - band)), value(x))

    return _classified(tokens, x + Function(attend, (8, 8, 8))(x))


def retention() -> keras.Model:
    tokens = _tokens()
    x = _embedded(tokens)

    def retain(x: Any, query: Any, key: Any, value: Any) -> Any:
        return ops.matmul(_scores(query(x), key(x)) * ops.tri(_LENGTH) * 0.9, value(x))

    return _classified(tokens, x + Function(retain, (8, 8, 8))(x))


def selective_state_space() -> keras.Model:
    tokens = _tokens()
    x = _embedded(tokens)
    y, gate = layers.Dense(_WIDTH)(x), layers.Dense(_WIDTH, activation="silu")(x)
    y = layers.Conv1D(_WIDTH, 3, padding="causal", groups=1, activation="silu")(y)
    step = ops.softplus(layers.Dense(_WIDTH)(y))
    y = ops.cumsum(step * y, axis=1)
    return _classified(tokens, layers.Dense(_WIDTH)(y * gate))


def memory_network() -> keras.Model:
    """Facts are matched with a question, and what they say is summed."""
    facts, question = (
        keras.Input((5, 4), dtype="int32", name="facts"),
        keras.Input((4,), dtype="int32", name="question"),
    )
    addresses, contents = (ops.sum(layers.Embedding(_VOCABULARY, _WIDTH)(facts), axis=2) for _ in range(2))
    asked = ops.sum(layers.Embedding(_VOCABULARY, _WIDTH)(question), axis=1)
    for _ in range(2):
        weights = ops.softmax(layers.Dot(axes=(2, 1))([addresses, asked]))
        asked = asked + layers.Dot(axes=(1, 1))([weights, contents])
    return keras.Model([facts, question], layers.Dense(_VOCABULARY, activation="softmax")(asked))


def hierarchical() -> keras.Model:
    """Words make sentences and sentences a document, each by attention."""

    def pool(x: Any) -> Any:
        scores = layers.Dense(1, use_bias=False)(layers.Dense(_WIDTH, activation="tanh")(x))
        return ops.sum(layers.Softmax(axis=1)(scores) * x, axis=1)

    words = keras.Input((5,), dtype="int32")
    x = layers.Bidirectional(layers.GRU(4, return_sequences=True))(layers.Embedding(_VOCABULARY, _WIDTH)(words))
    sentence = keras.Model(words, pool(x), name="sentence")
    document = keras.Input((3, 5), dtype="int32")
    sentences = ops.reshape(sentence(ops.reshape(document, (-1, 5))), (-1, 3, _WIDTH))
    return keras.Model(document, layers.Dense(3, activation="softmax")(pool(sentences)))


def set_transformer() -> keras.Model:
    """Inducing points, and pooling by learned seeds."""

    class Learned(layers.Layer):
        def __init__(self, count: int) -> None:
            super().__init__()
            self.count = count

        def build(self, shape: Any) -> None:
            self.points = self.add_weight(shape=(1, self.count, _WIDTH))

        def call(self, x: Any) -> Any:
            return ops.repeat(self.points, ops.shape(x)[0], axis=0)

    members = keras.Input((6, _WIDTH))
    inducing = layers.MultiHeadAttention(_HEADS, 4)(Learned(3)(members), members)
    x = members + layers.MultiHeadAttention(_HEADS, 4)(members, inducing)
    pooled = layers.MultiHeadAttention(_HEADS, 4)(Learned(1)(x), x)
    return _classified(members, pooled)


def recommender() -> keras.Model:
    """A sequence of films and the one to be rated, in one transformer."""
    films, target = keras.Input((5,), dtype="int32", name="films"), keras.Input((1,), dtype="int32", name="target")
    table = layers.Embedding(_VOCABULARY, _WIDTH)
    x = ops.concatenate([table(films), table(target)], axis=1)
    x = layers.LayerNormalization()(x + layers.MultiHeadAttention(_HEADS, 4)(x, x))
    return keras.Model([films, target], layers.Dense(1)(layers.Flatten()(x)))


def switch_transformer() -> keras.Model:
    tokens = _tokens()
    x = _embedded(tokens)
    x = x + layers.MultiHeadAttention(_HEADS, 4)(x, x)

    def route(x: Any, router: Any, *experts: Any) -> Any:
        gate, index = ops.top_k(ops.softmax(router(x)), 1)
        outputs = ops.stack([expert(x) for expert in experts], axis=2)
        chosen = ops.one_hot(ops.squeeze(index, -1), 3)
        return gate * ops.einsum("bte,bted->btd", chosen, outputs)

    return _classified(tokens, x + Function(route, (3, 8, 8, 8))(x))


# Builder, maps, gates, kinds.
_MODELS: list[tuple[Callable[[], keras.Model], int, int, dict[str, int]]] = [
    (text_transformer, 1, 0, {"self": 1}),
    (tab_transformer, 2, 0, {"self": 2}),
    (feature_tokenizer_transformer, 1, 0, {"self": 1}),
    (variable_selection, 1, 0, {"cross": 1}),
    (multiple_instances, 1, 0, {"cross": 1}),
    (graph_attention, 2, 0, {"self": 2}),
    (speech_transformer, 3, 0, {"self": 2, "cross": 1}),
    (pointer_network, 1, 0, {}),
    (translation_with_bahdanau, 1, 0, {"cross": 1}),
    (music_transformer, 1, 0, {"self": 1}),
    (time_series_transformer, 1, 0, {"self": 1}),
    (transformer_xl, 1, 0, {}),
    (linformer, 1, 0, {}),
    (nystrom, 3, 0, {}),
    (performer, 0, 0, {}),
    (blocks_of_keys, 1, 0, {"local": 1}),
    (sliding_windows, 1, 0, {"self": 1}),
    (retention, 0, 0, {}),
    (selective_state_space, 0, 0, {}),
    (memory_network, 2, 0, {"cross": 2}),
    (hierarchical, 2, 0, {"cross": 2}),
    (set_transformer, 3, 0, {"cross": 3}),
    (recommender, 1, 0, {"self": 1}),
    (switch_transformer, 1, 0, {"self": 1}),
]


def cases() -> list[Case]:
    return [Case(build.__name__, build, maps, gates, kinds=kinds) for build, maps, gates, kinds in _MODELS]
