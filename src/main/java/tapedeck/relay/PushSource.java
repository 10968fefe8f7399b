package tapedeck.relay;

import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import tapedeck.media.Codec;
import tapedeck.stream.Reader;
import tapedeck.stream.Stream;

/// What one connection of a push sends.
public interface PushSource {
    Stream stream();

    /// A reader from the last keyframe on, whose counts stand in REST. It is closed when the connection ends.
    ///
    /// @param wake called when there is something to take, from any thread, so it only schedules the work
    Reader subscribe(Runnable wake);

    /// Users see beside the state of the push what of the stream does not go along.
    ///
    /// @param why names the codecs; "" if all go
    void leavesOut(String why);

    /// The same of a protocol that carries some codecs.
    default void sends(List<Codec> codecs, String protocol, Predicate<Codec> carried) {
        String others =
                codecs.stream().filter(carried.negate()).map(Codec::name).collect(Collectors.joining(" and "));
        leavesOut(others.isEmpty() ? "" : "%s cannot carry %s".formatted(protocol, others));
    }

    /// The target takes the stream.
    void accepted();
}
