using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Azure.Messaging;

namespace Mirror.Functions.Hooks;

/// <summary>One event on its way to one receiver. While it waits it is a document, named <c>hooks-queue/HOOK/OWNER/TICKS-ID</c>, that holds the event.</summary>
/// <param name="HookId">The webhook.</param>
/// <param name="Owner">The node that delivers it.</param>
/// <param name="ReceivedAt">When it came here; no two of one node at the same tick, so that names are in order.</param>
/// <param name="Id">Names the delivery to the receiver: the same for the same event and webhook, however often and from wherever it is sent.</param>
/// <param name="Event">The CloudEvent in JSON.</param>
internal sealed record Delivery(string HookId, string Owner, DateTime ReceivedAt, string Id, ReadOnlyMemory<byte> Event)
{
    /// <summary>What the names of waiting deliveries begin with.</summary>
    public const string Folder = "hooks-queue/";

    private const int IdLength = 32;

    /// <summary>The document that it is while it waits.</summary>
    public string Document => string.Create(CultureInfo.InvariantCulture, $"{FolderOf(HookId)}{Owner}/{ReceivedAt.Ticks:x16}-{Id}");

    /// <summary>Where the deliveries of a webhook wait.</summary>
    public static string FolderOf(string hookId) => $"{Folder}{hookId}/";

    /// <summary>The id of a delivery: of the webhook, and of what makes an event unique (CloudEvents 1.0, §3.1.1: source and id).</summary>
    public static string IdOf(string hookId, CloudEvent happened) => Hash($"{hookId}\n{happened.Source}\n{happened.Id}");

    /// <summary>The id of a request: the delivery's, or for several one of all of theirs.</summary>
    public static string IdOf(IReadOnlyList<Delivery> batch) => batch.Count == 1 ? batch[0].Id : Hash(string.Join('\n', batch.Select(delivery => delivery.Id)));

    /// <summary>Reads a document's name; the event is still missing.</summary>
    public static bool TryParse(string document, out Delivery? delivery)
    {
        delivery = null;
        string[] parts = document.Split('/');
        if (parts.Length != 4 || parts[0] + "/" != Folder || parts[3].Split('-') is not [{ Length: 16 } time, { Length: IdLength } id]) { return false; }
        if (!long.TryParse(time, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out long ticks) || ticks < 0 || ticks > DateTime.MaxValue.Ticks) { return false; }
        delivery = new Delivery(parts[1], parts[2], new DateTime(ticks, DateTimeKind.Utc), id, default);
        return delivery.Document == document;
    }

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..IdLength];
}
