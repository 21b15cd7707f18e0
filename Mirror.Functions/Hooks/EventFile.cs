using System.Text.Json;
using Azure.Messaging;
using Mirror.Streams.Events;
using Mirror.Streams.Store;

namespace Mirror.Functions.Hooks;

/// <summary>Writes every event to a file, where <c>events.file</c> names one: one CloudEvent a line.</summary>
internal sealed class EventFile(EventsOptions options, StorageFaults? faults = null)
{
    private readonly JsonLinesFile? _file = options.File.Length > 0 ? new JsonLinesFile(options.File, options.FileSize.Bytes) : null;

    /// <summary>Writes one; what cannot be written is counted as dropped.</summary>
    public void Write(CloudEvent happened)
    {
        if (_file is null) { return; }
        try
        {
            _file.Append(JsonSerializer.SerializeToUtf8Bytes(happened));
            faults?.Succeeded(StorageFaults.EventFile);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            HookMetrics.Dropped.Add(1);
            faults?.Failed(StorageFaults.EventFile, $"{options.File}: {error.Message}");
        }
    }
}
