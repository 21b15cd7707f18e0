using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Mirror.ServiceDefaults.Configuration;

namespace Mirror.ServiceDefaults.Logging;

/// <summary>Logs to standard output as the section <c>logging</c> says.</summary>
internal static class LoggingExtensions
{
    private const int LongestQueue = 4096;

    public static void AddMirrorLogging(this IHostApplicationBuilder builder)
    {
        LoggingOptions options = builder.AddMirrorOptions<LoggingOptions>("logging");
        var level = (LogLevel)(int)options.Level;
        LogLevel frameworkLevel = level > LogLevel.Warning ? level : LogLevel.Warning;
        builder.Logging.ClearProviders();
        builder.Logging.SetMinimumLevel(level);
        builder.Logging.AddFilter("Microsoft", frameworkLevel);
        builder.Logging.AddFilter("System", frameworkLevel);
        // A failed start is thrown to MirrorHost as well, which prints one line. A service that dies later is logged as critical.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting", LogLevel.Critical);
        builder.Logging.AddConsole(console =>
        {
            console.FormatterName = options.Format == LoggingFormat.Json ? JsonLogFormatter.FormatterName : TextLogFormatter.FormatterName;
            console.MaxQueueLength = LongestQueue;
            console.QueueFullMode = ConsoleLoggerQueueFullMode.DropWrite;   // a stalled terminal must not stall media
        });
        builder.Logging.AddConsoleFormatter<TextLogFormatter, ConsoleFormatterOptions>();
        builder.Logging.AddConsoleFormatter<JsonLogFormatter, ConsoleFormatterOptions>();
    }
}
