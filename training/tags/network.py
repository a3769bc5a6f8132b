"""The network: Embedding, a look ahead, LSTM, Linear, with one answer for each token."""

import torch
from torch import Tensor, nn

from tags.words import PADDING_ID


class TokenTagger(nn.Module):
    """A score per label for each token.

    The LSTM reads in one direction, so nothing that stands behind a token could reach it, but for the `look_ahead`
    tokens that are laid beside it. Behind a text's own last token these are zeros, whatever stands there in the batch:
    padding cannot reach any answer.
    """

    def __init__(
        self, vocabulary_size: int, embedding_size: int, hidden_size: int, labels: int, look_ahead: int, dropout: float
    ):
        super().__init__()
        self.look_ahead = look_ahead
        self.embedding = nn.Embedding(vocabulary_size, embedding_size, padding_idx=PADDING_ID)
        self.lstm = nn.LSTM(embedding_size * (1 + look_ahead), hidden_size, batch_first=True)
        self.linear = nn.Linear(hidden_size, labels)
        self.dropout = nn.Dropout(dropout)  # while training only: the exported graph has none
        with torch.no_grad():
            self.lstm.bias_ih_l0[hidden_size : 2 * hidden_size].fill_(1.0)  # begin by remembering

    def forward(self, token_ids: Tensor, lengths: Tensor) -> Tensor:
        """`token_ids` int64 [batch, sequence], `lengths` int64 [batch]; logits float32 [batch, sequence, labels]."""
        width = token_ids.size(1)
        positions = torch.arange(width, device=token_ids.device)
        inside = (positions < lengths[:, None])[:, :, None]
        embedded = self.dropout(torch.where(inside, self.embedding(token_ids), 0.0))
        ahead = nn.functional.pad(embedded, (0, 0, 0, self.look_ahead))
        views = [ahead[:, step : step + width] for step in range(self.look_ahead + 1)]
        outputs, _ = self.lstm(torch.cat(views, dim=2))
        return self.linear(self.dropout(outputs))
