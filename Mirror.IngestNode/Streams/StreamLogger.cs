using System.Collections;

namespace Mirror.IngestNode.Streams;

/// <summary>Puts a stream's name on what is logged about it by code that knows no names.</summary>
internal sealed class StreamLogger(ILogger logger, string stream) : ILogger
{
    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => logger.BeginScope(state);

    public bool IsEnabled(LogLevel logLevel) => logger.IsEnabled(logLevel);

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        ArgumentNullException.ThrowIfNull(formatter);
        if (!IsEnabled(logLevel)) { return; }
        var fields = state as IReadOnlyList<KeyValuePair<string, object?>> ?? [];
        logger.Log(logLevel, eventId, new Entry(stream, fields, formatter(state, exception)), exception, static (entry, _) => entry.ToString());
    }

    /// <summary>The message with the name before it, and its fields with the name among them.</summary>
    private readonly struct Entry(string stream, IReadOnlyList<KeyValuePair<string, object?>> fields, string message) : IReadOnlyList<KeyValuePair<string, object?>>
    {
        public int Count => fields.Count + 1;

        public KeyValuePair<string, object?> this[int index] => index == 0 ? new("Stream", stream) : fields[index - 1];

        public IEnumerator<KeyValuePair<string, object?>> GetEnumerator()
        {
            for (int i = 0; i < Count; i++) { yield return this[i]; }
        }

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

        public override string ToString() => $"Stream {stream}: {message}";
    }
}
