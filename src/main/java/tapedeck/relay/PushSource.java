package tapedeck.relay;

import tapedeck.stream.Reader;
import tapedeck.stream.Stream;

/// What one connection of a push sends.
public interface PushSource {
    Stream stream();

    /// A reader from the last keyframe on, whose counts stand in REST. It is closed when the connection ends.
    ///
    /// @param wake called when there is something to take, from any thread, so it only schedules the work
    Reader subscribe(Runnable wake);

    /// The target takes the stream.
    void accepted();
}
