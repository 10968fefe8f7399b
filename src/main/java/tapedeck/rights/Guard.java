package tapedeck.rights;

/// One way to find out.
@FunctionalInterface
interface Guard extends AutoCloseable {
    /// May wait; asked by many threads at once.
    Decision may(Request request) throws InterruptedException;

    @Override
    default void close() {}
}
