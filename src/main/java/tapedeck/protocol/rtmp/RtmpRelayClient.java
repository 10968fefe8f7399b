package tapedeck.protocol.rtmp;

import java.io.IOException;
import java.security.SecureRandom;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import tapedeck.net.EventLoops;
import tapedeck.net.TcpClient;
import tapedeck.relay.PullClient;
import tapedeck.relay.PullSink;
import tapedeck.relay.PushClient;
import tapedeck.relay.PushSource;
import tapedeck.relay.RelayRefusedException;
import tapedeck.relay.RelayTarget;
import tapedeck.stream.Publisher;

/// Fetches streams from other RTMP servers and sends streams to them.
///
/// Option `fourcc=all`: a server that is published to takes the codecs of enhanced RTMP though it does not say so.
public final class RtmpRelayClient implements PullClient, PushClient {
    /// The first, the one with a name, and the one with an answer.
    private static final int MAX_CONNECTIONS = 3;

    private static final String FOUR_CC = "fourcc";

    private final TcpClient tcp;
    private final SecureRandom random = new SecureRandom();

    public RtmpRelayClient(EventLoops loops) {
        tcp = new TcpClient(loops);
    }

    @Override
    public Set<String> schemes() {
        return Set.of("rtmp", "rtmps");
    }

    @Override
    public Publisher.Protocol protocol() {
        return Publisher.Protocol.RTMP;
    }

    @Override
    public void pull(RelayTarget target, PullSink sink) throws IOException, InterruptedException {
        String stream = RtmpAddress.of(target).stream();
        converse(target, (connection, _, _, end) -> new RtmpFetching(connection, stream, sink, end));
    }

    @Override
    public void push(RelayTarget target, PushSource source) throws IOException, InterruptedException {
        String stream = RtmpAddress.of(target).stream();
        // Metadata says whether there will be sound: who is told of some that is left out waits for it.
        var _ = source.stream().awaitTracks();
        FourCcs forced = target.option(FOUR_CC, "").equals("all") ? new FourCcs(Set.of(FourCcs.ALL)) : null;
        converse(
                target,
                (connection, replies, encoder, end) ->
                        new RtmpSending(connection, replies, encoder, stream, source, forced, end));
    }

    private void converse(RelayTarget target, RtmpClientSession.Transfers transfers)
            throws IOException, InterruptedException {
        RtmpAddress address = RtmpAddress.of(target);
        String query = "";
        for (int connection = 1; connection <= MAX_CONNECTIONS; connection++) {
            try {
                converse(target, address.asking(query), transfers);
                return;
            } catch (AdobeAuthentication.AskedException e) {
                query = AdobeAuthentication.answer(
                        String.valueOf(e.getMessage()), target.login().orElse(null), random.nextInt());
            }
        }
        throw new RelayRefusedException("the server asks for a password again and again");
    }

    private void converse(RelayTarget target, RtmpAddress address, RtmpClientSession.Transfers transfers)
            throws IOException, InterruptedException {
        CompletableFuture<RtmpClientSession> made = new CompletableFuture<>();
        tcp.connect(target.address(), target.scheme().equals("rtmps") ? target.tlsEngine() : null, connection -> {
            RtmpClientSession session = new RtmpClientSession(connection, address, random, transfers);
            made.complete(session);
            return session;
        });
        // Connected, so it is there.
        RtmpClientSession session = made.join();
        session.greet();
        try {
            session.done().get();
        } catch (InterruptedException e) {
            session.leave();
            throw e;
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IOException cause) {
                throw cause;
            }
            throw new IllegalStateException("a session ends with an IOException", e.getCause());
        }
    }
}
