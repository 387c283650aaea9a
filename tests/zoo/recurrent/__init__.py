"""rnn, lstm, lstm_gates and gru: right bases cut into parts, wrong and right ones made of them."""
