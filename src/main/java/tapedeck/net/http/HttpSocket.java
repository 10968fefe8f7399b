package tapedeck.net.http;

import tapedeck.bytes.Bytes;

/// A WebSocket (RFC 6455). As a stream every part of it is one binary message; [#end] closes it in order (1000).
public interface HttpSocket extends HttpStream {
    /// RFC 6455 7.4.1: the peer sent what cannot be understood here.
    int UNSUPPORTED = 1003;

    /// RFC 6455 7.4.1: a message is too long.
    int TOO_LARGE = 1009;

    /// RFC 6455 7.4.1: the peer may not go on, for a reason that none of the others names.
    int POLICY = 1008;

    /// What the peer does; never two at once.
    interface Listener {
        /// Whoever says something is not listened to.
        Listener NONE = new Listener() {
            @Override
            public void received(Bytes part, boolean last) {}

            @Override
            public void said(String text) {}

            @Override
            public void closed(boolean inOrder) {}
        };

        /// A part of a binary message. The next one is read when this has returned.
        void received(Bytes part, boolean last);

        /// A message of text.
        void said(String text);

        /// Once, whoever closed it.
        ///
        /// @param inOrder whether the peer said goodbye; else its connection broke
        void closed(boolean inOrder);
    }

    /// Sends a message of text, in order with the others.
    void say(String text);

    /// Closes it, and says why.
    void close(int code, String reason);
}
