using System.Buffers;
using System.Diagnostics;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace Mirror.ServiceDefaults.Logging;

/// <summary>One JSON object a line: time, level, category, message, trace_id where there is one, the message's fields by name in snake_case, exception.</summary>
internal sealed class JsonLogFormatter() : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "mirror-json";

    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };   // a log is no web page

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer, WriterOptions))
        {
            json.WriteStartObject();
            json.WriteString("time", DateTime.UtcNow);
            json.WriteString("level", logEntry.LogLevel.ToString().ToLowerInvariant());
            json.WriteString("category", logEntry.Category);
            json.WriteString("message", logEntry.Formatter(logEntry.State, logEntry.Exception));
            if (Activity.Current is { } activity) { json.WriteString("trace_id", activity.TraceId.ToHexString()); }
            if (logEntry.State is IReadOnlyList<KeyValuePair<string, object?>> fields) { WriteFields(json, fields); }
            if (logEntry.Exception is { } error) { json.WriteString("exception", error.ToString()); }
            json.WriteEndObject();
        }
        textWriter.WriteLine(Encoding.UTF8.GetString(buffer.WrittenSpan));
    }

    private static void WriteFields(Utf8JsonWriter json, IReadOnlyList<KeyValuePair<string, object?>> fields)
    {
        foreach ((string name, object? value) in fields)
        {
            if (name == "{OriginalFormat}") { continue; }
            string key = JsonNamingPolicy.SnakeCaseLower.ConvertName(name);
            if (key is "time" or "level" or "category" or "message" or "trace_id" or "exception") { key += "_field"; }   // a name occurs once
            switch (value)
            {
                case null: json.WriteNull(key); break;
                case bool flag: json.WriteBoolean(key, flag); break;
                case int number: json.WriteNumber(key, number); break;
                case long number: json.WriteNumber(key, number); break;
                case double number when double.IsFinite(number): json.WriteNumber(key, number); break;
                default: json.WriteString(key, value.ToString()); break;
            }
        }
    }
}
