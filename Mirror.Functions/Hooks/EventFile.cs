using System.Text.Json;
using Azure.Messaging;
using Mirror.Streams.Events;

namespace Mirror.Functions.Hooks;

/// <summary>Writes every event to a file, where <c>events.file</c> names one: one CloudEvent a line.</summary>
internal sealed partial class EventFile(EventsOptions options, ILogger<EventFile> logger)
{
    private readonly JsonLinesFile? _file = options.File.Length > 0 ? new JsonLinesFile(options.File, options.FileSize.Bytes) : null;
    private bool _hasFailed;

    /// <summary>Writes one; what cannot be written is counted as dropped.</summary>
    public void Write(CloudEvent happened)
    {
        if (_file is null) { return; }
        try
        {
            _file.Append(JsonSerializer.SerializeToUtf8Bytes(happened));
            _hasFailed = false;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            HookMetrics.Dropped.Add(1);
            if (!_hasFailed) { LogFailed(options.File, error.Message); }
            _hasFailed = true;
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The event file {File} cannot be written; events are missing in it: {Reason}")]
    private partial void LogFailed(string file, string reason);
}
