"""The network: Embedding, LSTM, Linear."""

import torch
from torch import Tensor, nn

from mail.tokens import PADDING_ID


class TextClassifier(nn.Module):
    """One score per class for each text.

    The LSTM runs in one direction and the answer is taken at each text's own last token, so padding on the right,
    which the LSTM meets only afterwards, cannot reach it.
    """

    def __init__(self, vocabulary_size: int, embedding_size: int, hidden_size: int, classes: int, dropout: float = 0.0):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, embedding_size, padding_idx=PADDING_ID)
        self.lstm = nn.LSTM(embedding_size, hidden_size, batch_first=True)
        self.linear = nn.Linear(hidden_size, classes)
        self.dropout = nn.Dropout(dropout)  # while training only: the exported graph has none
        with torch.no_grad():
            self.lstm.bias_ih_l0[hidden_size : 2 * hidden_size].fill_(1.0)  # begin by remembering: mails are long

    def forward(self, token_ids: Tensor, lengths: Tensor) -> Tensor:
        """`token_ids` int64 [batch, sequence], `lengths` int64 [batch], each ≥ 1; logits float32 [batch, classes]."""
        outputs = self.read(token_ids)
        last = (lengths - 1).view(-1, 1, 1).expand(-1, 1, outputs.size(2))
        return self.linear(outputs.gather(1, last).squeeze(1))

    def score_prefixes(self, token_ids: Tensor) -> Tensor:
        """The logits after each token, as if the text ended there: float32 [batch, sequence, classes]."""
        return self.linear(self.read(token_ids))

    def read(self, token_ids: Tensor) -> Tensor:
        """The LSTM's output after each token: float32 [batch, sequence, hidden]."""
        outputs, _ = self.lstm(self.dropout(self.embedding(token_ids)))
        return self.dropout(outputs)
