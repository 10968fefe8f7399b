package tapedeck.stream;

import java.util.function.Consumer;

/// Whoever a [Reader] reads for, as [Streams#sessions()] shows it.
///
/// @param transport as in [SessionReport.Path]
/// @param address the peer's address and port
/// @param end ends the conversation; from any thread
public record Viewer(Publisher.Protocol protocol, String transport, String address, Consumer<String> end) {}
