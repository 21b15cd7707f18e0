using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace Mirror.ServiceDefaults.Logging;

/// <summary>One line for people: <c>12:30:01.250 info  Srt        stream demo: publisher connected</c>. An exception follows, indented.</summary>
internal sealed class TextLogFormatter() : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "mirror-text";

    private const int CategoryWidth = 18;

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        string message = logEntry.Formatter(logEntry.State, logEntry.Exception);
        textWriter.Write(DateTime.Now.ToString("HH:mm:ss.fff ", CultureInfo.InvariantCulture));
        textWriter.Write(LevelOf(logEntry.LogLevel));
        textWriter.Write(ShortCategory(logEntry.Category).PadRight(CategoryWidth));
        textWriter.Write(' ');
        textWriter.WriteLine(message.ReplaceLineEndings(" "));
        if (logEntry.Exception is { } error)
        {
            textWriter.Write("    ");
            textWriter.WriteLine(error.ToString().ReplaceLineEndings(Environment.NewLine + "    "));
        }
    }

    private static string LevelOf(LogLevel level) => level switch
    {
        LogLevel.Trace => "trace ",
        LogLevel.Debug => "debug ",
        LogLevel.Information => "info  ",
        LogLevel.Warning => "warn  ",
        LogLevel.Error => "error ",
        _ => "fatal ",
    };

    private static string ShortCategory(string category) => category[(category.LastIndexOf('.') + 1)..];
}
