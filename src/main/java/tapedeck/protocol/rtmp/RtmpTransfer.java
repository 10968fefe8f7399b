package tapedeck.protocol.rtmp;

import org.jspecify.annotations.Nullable;
import tapedeck.relay.RelayRefusedException;

/// What our side of a conversation does once it has a stream there: fetch or send.
sealed interface RtmpTransfer permits RtmpFetching, RtmpSending {
    /// Ends the session: with null where the stream is over, else with why.
    interface End {
        void over(@Nullable RelayRefusedException refused);
    }

    /// What `connect` says beyond the usual.
    boolean plays();

    /// Before the stream is created.
    ///
    /// @param fourCcs what the other side says it takes
    /// @throws RelayRefusedException if that is too little
    void connected(RtmpReplies replies, FourCcs fourCcs) throws RelayRefusedException;

    /// The stream is created: asks for it.
    void created(RtmpReplies replies, int streamId);

    /// What `onStatus` says that is no error.
    void status(String code);

    /// Audio, video or metadata.
    void receive(RtmpMessage.Published message);

    /// The other side says that the stream is over.
    void streamEnded();

    void writable();

    /// @return why it cannot go on, or null
    @Nullable
    String swept(long nowNanos);

    /// Says good-bye.
    void leave(RtmpReplies replies);

    void close();
}
