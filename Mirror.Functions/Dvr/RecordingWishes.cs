using System.Text.Json;
using System.Text.Json.Serialization;
using Mirror.Streams;
using Mirror.Streams.Documents;
using Mirror.Streams.Recordings;

namespace Mirror.Functions.Dvr;

/// <summary>Which streams are to be recorded: as the API was asked, or else as the configuration says.</summary>
internal sealed class RecordingWishes(IDocuments documents, DvrOptions options, TimeProvider time)
{
    private const string Folder = "recordings/wishes/";
    private volatile Dictionary<string, RecordingWish> _wishes = [];

    /// <summary>What is wished of a stream, as of the last <see cref="RefreshAsync"/>.</summary>
    public RecordingWish Of(string streamId) => _wishes.TryGetValue(streamId, out RecordingWish? wish) ? wish : new RecordingWish(options.Records(streamId), DateTime.MinValue);

    /// <summary>Reads what other nodes wrote.</summary>
    public async Task RefreshAsync(CancellationToken cancellationToken)
    {
        var wishes = new Dictionary<string, RecordingWish>(StringComparer.Ordinal);
        foreach (Document document in await documents.ListAsync(Folder, cancellationToken))
        {
            if (Read(document) is { } wish) { wishes[document.Name[Folder.Length..]] = wish; }
        }
        _wishes = wishes;
    }

    /// <summary>Wishes a stream to be recorded from now on, or not any more. A stream that is recorded already goes on without a break.</summary>
    public async Task PutAsync(string streamId, bool isWanted, CancellationToken cancellationToken)
    {
        await RefreshAsync(cancellationToken);
        if (Of(streamId).IsWanted == isWanted) { return; }
        var wish = new RecordingWish(isWanted, time.GetUtcNow().UtcDateTime);
        await documents.PutAsync(Folder + streamId, JsonSerializer.SerializeToUtf8Bytes(wish, WishJson.Default.RecordingWish), ifMatch: null, cancellationToken);
        await RefreshAsync(cancellationToken);
    }

    private static RecordingWish? Read(Document document)
    {
        if (!StreamId.IsValid(document.Name[Folder.Length..])) { return null; }
        try { return JsonSerializer.Deserialize(document.Content.Span, WishJson.Default.RecordingWish); }
        catch (JsonException) { return null; }
    }
}

/// <summary>What is wished of one stream.</summary>
/// <param name="IsWanted">It is to be recorded.</param>
/// <param name="Since">From when on (UTC).</param>
internal sealed record RecordingWish(bool IsWanted, DateTime Since);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(RecordingWish))]
internal sealed partial class WishJson : JsonSerializerContext;
