"""An agent that looks at the entities of a small world, and learns by reinforcement: collect the coins, avoid the ghosts.

python examples/reinforcement_learning.py --logdir logs/reinforcement_learning
tensorboard --logdir logs

Each turn the agent moves one cell. It sees a list of entities (itself, three coins, two ghosts that move at random), and attends
from itself to all of them. `main` returns coins minus ghosts that it meets, per coin, at least 0, in the tracked episodes.

What to look for: open Sample. A sample is a start, "iteration" is the turn: drag it, and the scene changes with the map, with a
box around each entity. At first the agent looks at all alike, later mostly at a coin. It plays anew at every step.

The world is made here, as an environment of Gymnasium; the training is a policy gradient, logged with `AttentionWriter`.
"""

from __future__ import annotations

import gymnasium
import keras
import numpy as np
import tensorflow as tf
from command import run
from keras import layers

import tb_attention

REACHES = 0.5
SIZE, TURNS, CELL, EPISODES, WORLDS = 7, 12, 12, 8, 64
COLORS = {"agent": (70, 130, 220), "coin": (240, 190, 40), "ghost": (200, 60, 60)}
KINDS, NAMES = ("agent", *["coin"] * 3, *["ghost"] * 2), ("agent", "coin 1", "coin 2", "coin 3", "ghost 1", "ghost 2")
MOVES = np.array([(-1, 0), (1, 0), (0, -1), (0, 1)])


class Coins(gymnasium.Env):
    """Coins give 1, ghosts take 1; what was met is gone. `places`: (row, column) of each entity; -1 for what is gone."""

    action_space, observation_space = gymnasium.spaces.Discrete(4), gymnasium.spaces.Box(-1, 1, (len(KINDS), 7))

    def reset(self, *, seed: int | None = None, options: dict | None = None) -> tuple[np.ndarray, dict]:
        super().reset(seed=seed)
        self.places = np.stack(np.divmod(self.np_random.permutation(SIZE**2)[: len(KINDS)], SIZE), axis=1)
        return self.observation(), {}

    def step(self, action: int) -> tuple[np.ndarray, float, bool, bool, dict]:
        self.places[0] = np.clip(self.places[0] + MOVES[action], 0, SIZE - 1)
        reward = self.meet()
        for ghost in (4, 5):
            if self.places[ghost, 0] >= 0:
                self.places[ghost] = np.clip(self.places[ghost] + MOVES[self.np_random.integers(4)], 0, SIZE - 1)
        return self.observation(), reward + self.meet(), False, False, {}

    def meet(self) -> int:
        met = [other for other in range(1, len(KINDS)) if (self.places[other] == self.places[0]).all()]
        self.places[met] = -1
        return sum(1 if KINDS[other] == "coin" else -1 for other in met)

    def observation(self) -> np.ndarray:
        """Of each entity whether it is there, what it is, where it is from the agent, and how near."""
        there = self.places[:, :1] >= 0
        kinds = np.array([[kind == other for other in COLORS] for kind in KINDS])
        offsets = (self.places - self.places[0]) / 2
        near = 1 / (1 + np.abs(offsets).sum(axis=1, keepdims=True))
        return (np.concatenate([there, kinds, np.clip(offsets, -1, 1), near], axis=1) * there).astype("float32")

    def render(self) -> np.ndarray:
        scene = np.full((SIZE * CELL, SIZE * CELL, 3), 245, "uint8")
        for (row, column), kind in zip(self.places, KINDS, strict=True):
            if row >= 0:
                scene[row * CELL + 2 : (row + 1) * CELL - 2, column * CELL + 2 : (column + 1) * CELL - 2] = COLORS[kind]
        return scene

    def boxes(self) -> np.ndarray:
        """(left, top, right, bottom) of each entity, as shares of the scene; without area for what is gone."""
        top, left = self.places.T
        return np.stack([left, top, left + 1, top + 1], axis=1) / SIZE * (self.places[:, :1] >= 0)


def build_model() -> keras.Model:
    """Logits of the moves, the expected rewards to come, and the weights `(samples, heads, 1, entities)`."""
    seen = keras.Input((len(KINDS), 7))
    x = layers.Dense(48, activation="relu")(layers.Dense(48, activation="relu")(seen))
    there = layers.Lambda(lambda entities: entities[:, None, :, 0] > 0)(seen)
    attention = layers.MultiHeadAttention(2, 24, name="attention")
    mixed, weights = attention(x[:, :1], x, attention_mask=there, return_attention_scores=True)
    x = layers.Dense(64, activation="relu")(layers.Flatten()(layers.Concatenate()([mixed, x[:, :1]])))
    return keras.Model(seen, [layers.Dense(len(MOVES))(x), layers.Dense(1)(x), weights])


def main(logdir: str, quick: bool = False, verbose: int = 1) -> float:
    keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)
    model, optimizer = build_model(), keras.optimizers.Adam(2e-3, global_clipnorm=1.0)
    act = tf.function(model)

    @tf.function
    def learn(seen: tf.Tensor, moves: tf.Tensor, returns: tf.Tensor) -> None:
        """Moves that led to more than was expected become more likely."""
        with tf.GradientTape() as tape:
            logits, expected, _ = model(seen)
            better = returns - expected[:, 0]
            gain = tf.stop_gradient((better - tf.reduce_mean(better)) / tf.math.reduce_std(better))
            chosen = tf.nn.sparse_softmax_cross_entropy_with_logits(moves, logits)
            entropy = -tf.reduce_sum(tf.nn.softmax(logits) * tf.nn.log_softmax(logits), axis=-1)
            loss = tf.reduce_mean(gain * chosen + better**2 / 2 - 0.03 * entropy)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))

    def play(seeds: list[int], watch: bool = False) -> tuple[list, ...]:
        """By turn, of an episode from each seed: what was seen, moves, rewards, weights; watched, scenes and boxes too."""
        worlds, turns = [Coins() for _ in seeds], []
        seen = np.stack([world.reset(seed=seed)[0] for world, seed in zip(worlds, seeds, strict=True)])
        for _ in range(TURNS):
            logits, _, weights = (np.asarray(part) for part in act(seen))
            moves = (logits + random.gumbel(size=logits.shape)).argmax(axis=-1)
            looks = ([world.render() for world in worlds], [world.boxes() for world in worlds]) if watch else ()
            after, rewards, *_ = zip(
                *(world.step(move) for world, move in zip(worlds, moves, strict=True)), strict=True
            )
            turns.append((seen, moves, rewards, weights, *looks))
            seen = np.stack(after)
        return tuple(map(list, zip(*turns, strict=True)))

    score = 0.0
    samples = tb_attention.Samples(np.arange(EPISODES), ids=[f"start-{seed}" for seed in range(EPISODES)])
    with tb_attention.AttentionWriter(logdir, samples=samples) as writer:
        for step in range(11 if quick else 31):
            for _ in range(25 if step else 0):
                seen, moves, rewards, _ = map(np.stack, play(random.integers(1 << 31, size=WORLDS).tolist()))
                returns = rewards.astype("float32")
                for turn in range(TURNS - 2, -1, -1):
                    returns[turn] += 0.8 * returns[turn + 1]
                learn(tf.constant(seen.reshape(-1, len(KINDS), 7)), moves.reshape(-1), returns.reshape(-1))
            _, _, rewards, weights, scenes, boxes = play(list(range(EPISODES)), watch=True)
            score, tracks = float(np.sum(rewards) / (3 * EPISODES)), np.stack(boxes, axis=1)
            agent = tb_attention.Axis("query", 1, "objects", names=NAMES[:1], tracks=tracks[:, :, :1])
            entities = tb_attention.Axis("key", len(KINDS), "objects", names=NAMES, tracks=tracks)
            writer.write(
                step,
                {"attention": np.stack(weights, axis=2)},
                metrics={"score": score, "loss": 1 - score},
                axes={"attention": [tb_attention.Axis("iteration", TURNS), agent, entities]},
                pictures=np.stack(scenes, axis=1),
            )
            if verbose:
                print(f"step {step}: {score:.2f} of the coins")
    return max(score, 0.0)


if __name__ == "__main__":
    run(main)
