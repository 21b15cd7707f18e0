namespace Mirror.Streams.Registry;

/// <summary>Exclusive roles, each held by one node at a time: who ingests a stream, who transcodes it, who records it.</summary>
/// <remarks>
/// A holder that does not renew loses its lease once the duration is over. It must stop by its own clock then, which may be late (a
/// process can be stopped), so what it writes carries the <see cref="Lease.Fence"/>, and readers turn down a fence below the highest they know.
/// </remarks>
public interface ILeases
{
    /// <summary>Takes a lease that nobody holds.</summary>
    /// <param name="name">The role: <c>transcode/STREAM</c>. Up to 200 characters.</param>
    /// <param name="owner">The node that asks (<see cref="NodeIdentity.Id"/>).</param>
    /// <param name="duration">How long it lasts without renewal.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <returns>The lease, or <see langword="null"/> while another, or an earlier one of the same owner, is in force.</returns>
    ValueTask<Lease?> TryAcquireAsync(string name, string owner, TimeSpan duration, CancellationToken cancellationToken);

    /// <summary>Makes a lease last for its duration from now. One that the registry forgot (it was restarted) is written again.</summary>
    /// <returns><see langword="false"/> when somebody else holds it: lost for good.</returns>
    ValueTask<bool> RenewAsync(Lease lease, CancellationToken cancellationToken);

    /// <summary>Gives a lease back, so that another may take it at once. Does nothing if it is lost already.</summary>
    ValueTask ReleaseAsync(Lease lease, CancellationToken cancellationToken);

    /// <summary>The lease in force under a name; <see langword="null"/> if there is none.</summary>
    ValueTask<Lease?> FindAsync(string name, CancellationToken cancellationToken);
}

/// <summary>A role that one node holds.</summary>
/// <param name="Name">The role.</param>
/// <param name="Owner">The node.</param>
/// <param name="Fence">Higher than that of every earlier lease of the name: Unix time in milliseconds when it was taken, or one more than the last.</param>
/// <param name="Duration">How long it lasts without renewal.</param>
public sealed record Lease(string Name, string Owner, long Fence, TimeSpan Duration)
{
    /// <summary>The role of packaging a stream and announcing its parts. Its fence is their <see cref="Store.RenditionKey.Epoch"/>.</summary>
    public static string TranscodeOf(string streamId) => "transcode/" + streamId;

    /// <summary>The role of taking a stream's publisher.</summary>
    public static string IngestOf(string streamId) => "ingest/" + streamId;

    /// <summary>The role of recording a stream.</summary>
    public static string RecordingOf(string streamId) => "record/" + streamId;
}
