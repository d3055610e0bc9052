package RT::Action::CareloopWebhook;

# Scrip action: tells Careloop that a ticket has changed, by ids alone, signed.
# Installed by install.pl; the settings are described in README.md.

use strict;
use warnings;
use base 'RT::Action';
use Digest::SHA ();
use JSON ();
use LWP::UserAgent ();

our $VERSION = '1.0.0';

my %EVENT = (
    Correspond => 'ticket.correspond',
    Comment    => 'ticket.comment',
    Status     => 'ticket.status',
);

# Changes of the database transaction under way: [event, ticket id, transaction id].
my @pending;

# Per web server process: no calls before this time (unix seconds), because the last one failed.
my $paused_until = 0;
my $is_watching  = 0;

sub Describe {
    my $self = shift;
    return ref($self) . ' tells Careloop about replies, comments and changes of status.';
}

sub Prepare {
    my $self = shift;
    my $txn  = $self->TransactionObj or return 0;
    return 0 unless $EVENT{ $txn->Type // '' } && RT->Config->Get('CareloopHookURL');
    my $creator = lc( $txn->CreatorObj->Name // '' );
    return 0 if grep { $_ eq $creator } _bridge_users();
    return 1;
}

# RT runs Scrips inside the database transaction (RT::Record::_NewTransaction, RT::Ticket::Atomic): a call from here
# would overtake the commit, and Careloop would look at a ticket without the reply. So it is made after the commit.
sub Commit {
    my $self = shift;
    my $txn  = $self->TransactionObj;
    push @pending, [ $EVENT{ $txn->Type }, 0 + $self->TicketObj->Id, 0 + $txn->Id ];
    _watch_commits();
    _tell() unless $RT::Handle->TransactionDepth;
    return 1;
}

# RT has no hook for the end of a database transaction. RT::Handle inherits EndTransaction, so nothing of RT's own is
# replaced; the class is complete only once RT is connected, hence not at load time.
sub _watch_commits {
    return if $is_watching++;
    my $end = RT::Handle->can('EndTransaction') or die "RT::Handle has no EndTransaction\n";
    no warnings 'redefine';    ## no critic (ProhibitNoWarnings)
    *RT::Handle::EndTransaction = sub {
        my ( $handle, %args ) = @_;
        my $result = $end->(@_);
        if ( @pending && !$handle->TransactionDepth ) {
            lc( $args{Action} // 'commit' ) eq 'commit' ? _tell() : ( @pending = () );
        }
        return $result;
    };
    return;
}

# Never dies and never changes the error variables: a dead Careloop must not stop an agent.
sub _tell {
    my @due = sort { $a->[2] <=> $b->[2] } splice @pending;    # a Scrip's own change is noted before its cause
    return if time < $paused_until;
    local ( $@, $!, $?, $^E );
    local $SIG{__DIE__} = 'DEFAULT';
    eval { _post_all(@due); 1 } or RT->Logger->error("CareloopWebhook: $@");
    return;
}

sub _post_all {
    my @due = @_;
    my $url = _url() or return;
    defined( my $secret = _secret() ) or return;
    my $agent = LWP::UserAgent->new(
        timeout      => RT->Config->Get('CareloopHookTimeout') || 3,
        max_redirect => 0,
        max_size     => 4096,
        env_proxy    => 1,
        agent        => "CareloopWebhook/$VERSION",
    );
    for my $change (@due) {
        next if _post( $agent, $url, $secret, $change );
        $paused_until = time + ( RT->Config->Get('CareloopHookPause') // 30 );
        last;    # what is not told now is found by Careloop's next look at the list of transactions
    }
    return;
}

sub _post {
    my ( $agent, $url, $secret, $change ) = @_;
    my ( $event, $ticket, $transaction ) = @$change;
    my $body = JSON->new->utf8->canonical->encode( {
        event       => $event,
        ticket      => $ticket,
        transaction => $transaction,
        case        => _case($ticket),
    } );
    my $time     = time;
    my $response = $agent->post(
        $url,
        'Content-Type'   => 'application/json',
        'X-RT-Timestamp' => $time,
        'X-RT-Signature' => 'sha256=' . Digest::SHA::hmac_sha256_hex( "$time.$body", $secret ),
        Content          => $body,
    );
    return 1 if $response->is_success;
    RT->Logger->error( "CareloopWebhook: transaction $transaction: " . $response->status_line );
    return 0;
}

# Always a string; empty for a ticket that is not Careloop's.
sub _case {
    my $id     = shift;
    my $ticket = RT::Ticket->new( RT->SystemUser );
    $ticket->Load($id);
    my $case = $ticket->FirstCustomFieldValue('CareloopCase') // '';
    return "$case";
}

sub _bridge_users {
    my $names = RT->Config->Get('CareloopBridgeUser') // 'careloop';
    return map { lc } ref $names ? @$names : $names;
}

# The ids are no secret, but a listener could repeat them: plain http is for this machine alone.
sub _url {
    my $url = RT->Config->Get('CareloopHookURL') or return;
    return $url if $url =~ m{^https://}i || $url =~ m{^http://(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?(?:/|$)}i;
    RT->Logger->error('CareloopWebhook: CareloopHookURL must begin with https://');
    return;
}

# Read each time, so that a rotated secret counts at once and is never shown on RT's configuration pages.
sub _secret {
    my $file = RT->Config->Get('CareloopHookSecretFile');
    my $secret;
    if ( defined $file && open my $in, '<:raw', $file ) {
        local $/;
        $secret = <$in>;
        close $in;
    }
    $secret =~ s/\s+\z// if defined $secret;
    return $secret if defined $secret && length $secret;
    RT->Logger->error('CareloopWebhook: no secret in CareloopHookSecretFile');
    return;
}

1;
