"""The network with attention: Embedding, LSTM, a weight for each token, Linear."""

import torch
from torch import Tensor, nn

from mail.tokens import PADDING_ID


class AttentiveClassifier(nn.Module):
    """One score per class for each text, and how much of each token went into it.

    The weights are a softmax over the tokens, and the text is the weighted sum of the LSTM's outputs. Both sums are
    running sums, read at each text's own last token, not reductions over the padded width: a reduction adds up in
    another order when the width changes, and the answer would change with the padding in its last bits.
    """

    def __init__(
        self, vocabulary_size: int, embedding_size: int, hidden_size: int, classes: int, attention_size: int, dropout: float
    ):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, embedding_size, padding_idx=PADDING_ID)
        self.lstm = nn.LSTM(embedding_size, hidden_size, batch_first=True)
        self.attention = nn.Linear(hidden_size, attention_size)
        self.importance = nn.Linear(attention_size, 1, bias=False)
        self.linear = nn.Linear(hidden_size, classes)
        self.dropout = nn.Dropout(dropout)  # while training only: the exported graph has none
        with torch.no_grad():
            self.lstm.bias_ih_l0[hidden_size : 2 * hidden_size].fill_(1.0)  # begin by remembering: mails are long

    def forward(self, token_ids: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """`token_ids` int64 [batch, sequence], `lengths` int64 [batch], each ≥ 1.

        Logits float32 [batch, classes]; attention float32 [batch, sequence], which sums to 1 over a text's tokens and
        is 0 behind them.
        """
        outputs = self.read(token_ids)
        importances = self.importances(outputs)
        positions = torch.arange(token_ids.size(1), device=token_ids.device)
        masked = importances.masked_fill(positions >= lengths[:, None], float("-inf"))
        parts = torch.exp(masked - masked.amax(dim=1, keepdim=True))
        last = (lengths - 1)[:, None]
        total = parts.cumsum(1).gather(1, last)
        running = (parts[:, :, None] * outputs).cumsum(1)
        text = running.gather(1, last[:, :, None].expand(-1, 1, running.size(2))).squeeze(1) / total
        return self.linear(text), parts / total

    def score_prefixes(self, token_ids: Tensor) -> Tensor:
        """The logits after each token, as if the text ended there: float32 [batch, sequence, classes]."""
        outputs = self.read(token_ids)
        importances = self.importances(outputs)
        parts = torch.exp(importances - importances.amax(dim=1, keepdim=True))
        text = (parts[:, :, None] * outputs).cumsum(1) / parts.cumsum(1)[:, :, None].clamp_min(1e-12)
        return self.linear(self.dropout(text))

    def read(self, token_ids: Tensor) -> Tensor:
        """The LSTM's output after each token: float32 [batch, sequence, hidden]."""
        outputs, _ = self.lstm(self.dropout(self.embedding(token_ids)))
        return outputs

    def importances(self, outputs: Tensor) -> Tensor:
        """Of each token, before the softmax: float32 [batch, sequence]."""
        return self.importance(torch.tanh(self.attention(outputs))).squeeze(2)
