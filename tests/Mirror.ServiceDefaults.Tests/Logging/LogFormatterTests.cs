using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;
using Mirror.ServiceDefaults.Logging;

namespace Mirror.ServiceDefaults.Tests.Logging;

public sealed class LogFormatterTests
{
    [Fact]
    public void Text_is_one_line_with_time_level_and_short_category()
        => Assert.Matches(@"^\d\d:\d\d:\d\d\.\d{3} warn  SrtListener        stream demo: two lines\n$", Format(new TextLogFormatter(), "two\nlines"));

    [Fact]
    public void An_exception_follows_the_line_indented()
    {
        string text = Format(new TextLogFormatter(), "failed", new InvalidOperationException("no\nway"));
        Assert.All(text.TrimEnd().Split('\n')[1..], line => Assert.StartsWith("    ", line));
        Assert.Contains("System.InvalidOperationException: no", text);
    }

    [Fact]
    public void Json_is_one_object_a_line_with_the_fields_by_name()
    {
        string text = Format(new JsonLogFormatter(), "two\nlines \"quoted\"", new InvalidOperationException("no"));
        Assert.Equal(text.Length - 1, text.IndexOf('\n'));
        using var json = JsonDocument.Parse(text);
        Assert.Equal("warning", json.RootElement.GetProperty("level").GetString());
        Assert.Equal("Mirror.IngestNode.Srt.SrtListener", json.RootElement.GetProperty("category").GetString());
        Assert.Equal("stream demo: two\nlines \"quoted\"", json.RootElement.GetProperty("message").GetString());
        Assert.Equal("demo", json.RootElement.GetProperty("stream_id").GetString());
        Assert.Equal("two\nlines \"quoted\"", json.RootElement.GetProperty("message_field").GetString());
        Assert.Contains("InvalidOperationException", json.RootElement.GetProperty("exception").GetString());
    }

    private static string Format(ConsoleFormatter formatter, string message, Exception? error = null)
    {
        string? text = null;
        var logger = new CapturingLogger((state, exception) =>
        {
            var writer = new StringWriter { NewLine = "\n" };
            var entry = new LogEntry<IReadOnlyList<KeyValuePair<string, object?>>>(LogLevel.Warning, "Mirror.IngestNode.Srt.SrtListener", default, state, exception,
                (fields, _) => fields.ToString()!);
            formatter.Write(in entry, null, writer);
            text = writer.ToString();
        });
        logger.LogWarning(error, "stream {StreamId}: {Message}", "demo", message);
        return text!;
    }

    private sealed class CapturingLogger(Action<IReadOnlyList<KeyValuePair<string, object?>>, Exception?> write) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;
        public bool IsEnabled(LogLevel logLevel) => true;
        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
            => write((IReadOnlyList<KeyValuePair<string, object?>>)state!, exception);
    }
}
